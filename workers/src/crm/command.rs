//! The frame of every command, so that each is only its own rule:
//!
//! ```text
//! one transaction: processed mark ─► expired? ─► savepoint ┐
//!     who asked, as they are now ─► rights ─► the command's rule ─► audit records
//!   ◄── applied | refused (back to the savepoint) ─► operation's row ─► commit
//! after it, and again for a redelivery: call configuration, live updates
//! ```
//!
//! A refused command is a failed operation: acknowledged, and audited as nothing. One that
//! has expired is a dead letter too: it was accepted, and operators can run it after all.

use std::time::Duration;

use prosaas_accounts::people::ADMINS_LOCK;
use prosaas_domain::{ids::BusinessId, rights::Right};
use prosaas_events::{
    crm::{Command, CommandArgs, CommandMeta},
    domain_event::DomainEventData,
    subjects::LiveKind,
};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection, PgPool};

use super::{
    actor::{self, Person},
    notice, operation,
    projector::Projector,
    refusal::{Refusal, Stop},
};
use crate::{
    audit::{self, Actor, Record},
    domain_events::{Trigger, raise},
    live::Live,
    runtime::{Delivery, Done, Failure, Mark, Meta, mark_processed},
};

/// A command that lay in the stream for longer while it could have been applied, before anybody looked at it, is
/// not done: whoever asked expects it no more.
pub const EXPIRES_AFTER: Duration = Duration::from_mins(15);

/// What a command does.
pub trait Apply: CommandArgs {
    /// What whoever asks needs to have.
    const RIGHT: Right;

    /// Whether it changes people, whose rules count them.
    const COUNTS_PEOPLE: bool = false;

    /// The business that it is about by its own words, where it says so.
    fn business(&self) -> Option<BusinessId> {
        None
    }

    /// Whose call configuration it changes; `business` is the one that the request was about.
    fn configures(&self, business: Option<BusinessId>) -> Option<BusinessId> {
        let _ = business;
        None
    }

    /// Applies it inside the frame's transaction.
    fn apply(&self, scene: &mut Scene<'_>) -> impl Future<Output = Result<Applied, Stop>> + Send;
}

/// Where a command is applied.
pub struct Scene<'a> {
    /// The transaction.
    pub connection: &'a mut PgConnection,
    /// Who asked for it, with the rights that the command needs.
    pub actor: &'a Person,
    /// The business that the request was about; none for the system's own.
    pub business: Option<BusinessId>,
    /// The event.
    pub meta: &'a Meta,
}

impl Scene<'_> {
    /// The business, of a command that always has one.
    pub fn business(&self) -> Result<BusinessId, Refusal> {
        self.business.ok_or_else(|| Refusal::invalid("business_id", "missing", "Name the business."))
    }

    /// Raises a domain event of what the command has changed.
    pub async fn raise<T: DomainEventData>(
        &mut self,
        business: Option<BusinessId>,
        data: T,
    ) -> Result<(), sqlx::Error> {
        raise(self.connection, &Trigger::of(self.meta), business, data).await
    }
}

/// One thing that has changed.
#[derive(Debug)]
pub struct Change {
    /// Whose it is.
    pub business: Option<BusinessId>,
    /// What was done, as the audit record says it.
    pub action: &'static str,
    /// What kind of thing.
    pub kind: LiveKind,
    /// Which one.
    pub id: String,
    /// How it stood.
    pub before: Option<Value>,
    /// How it stands.
    pub after: Option<Value>,
}

/// What an applied command brought.
#[derive(Debug)]
pub struct Applied {
    /// What has changed; nothing, where it stood so already.
    pub changes: Vec<Change>,
    /// What the operation tells whoever asked.
    pub result: Value,
}

/// What commands are applied with.
#[derive(Clone)]
pub(crate) struct Frame {
    pub pool: PgPool,
    pub projector: Projector,
    pub live: Live,
    pub consumer: &'static str,
}

impl Frame {
    /// Applies the command, or notes why it is refused.
    pub async fn process<T: Apply>(
        &self,
        delivery: &Delivery,
        meta: &Meta,
        command: &Command<T>,
    ) -> Result<Done, Failure> {
        let done = match self.transact(delivery, meta, command).await {
            Ok(done) => done,
            Err(failure) => {
                if failure.ends(delivery).is_some() {
                    let refusal =
                        if has_expired(delivery) { Refusal::expired() } else { Refusal::internal() };
                    self.note_given_up(meta, command, refusal).await;
                }
                return Err(failure);
            }
        };
        // Also for a redelivery: the first time may have ended right after its commit.
        if let Some(business) = command.args.configures(meta.business) {
            self.projector.after_commit(business).await;
        }
        let entity = command.args.entity();
        notice::publish(&self.pool, &self.live, meta, &command.meta, T::ACTION, entity).await;
        Ok(done)
    }

    async fn transact<T: Apply>(
        &self,
        delivery: &Delivery,
        meta: &Meta,
        command: &Command<T>,
    ) -> Result<Done, Failure> {
        let mut transaction = self.pool.begin().await?;
        if mark_processed(&mut transaction, self.consumer, &meta.key()).await? == Mark::Known {
            return Ok(Done::AlreadyApplied);
        }
        if has_expired(delivery) {
            return Err(Failure::fail("the command lay for too long before it could be applied"));
        }
        let outcome = match attempt(&mut transaction, meta, command).await {
            Ok(applied) => Ok(applied.result),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(Stop::Missing(refusal)) => {
                let missing = Failure::Missing(refusal.error.clone().into());
                // It never came: that is an answer, and no fault.
                if missing.ends(delivery).is_none() {
                    return Err(missing);
                }
                Err(refusal)
            }
            Err(Stop::Failed(failure)) => return Err(failure),
        };
        report(T::ACTION, &outcome, meta);
        operation::write::<T>(&mut transaction, meta, command, &outcome).await?;
        transaction.commit().await?;
        Ok(Done::Applied)
    }

    /// The event becomes a dead letter; whoever asked must not wait for ever. A replay
    /// that succeeds says so in the same row.
    async fn note_given_up<T: Apply>(&self, meta: &Meta, command: &Command<T>, refusal: Refusal) {
        let noted = async {
            let mut connection = self.pool.acquire().await?;
            operation::write::<T>(&mut connection, meta, command, &Err(refusal)).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(event = "crm.operation_unwritten", action = T::ACTION, %error);
        }
        let entity = command.args.entity();
        notice::publish(&self.pool, &self.live, meta, &command.meta, T::ACTION, entity).await;
    }
}

/// Whether nobody expects the command to be done any more.
fn has_expired(delivery: &Delivery) -> bool {
    delivery.attempt == 1 && delivery.waited > EXPIRES_AFTER
}

/// Tries the command behind a savepoint: what is refused leaves nothing.
async fn attempt<T: Apply>(
    connection: &mut PgConnection,
    meta: &Meta,
    command: &Command<T>,
) -> Result<Applied, Stop> {
    let mut savepoint = connection.begin().await?;
    let tried = apply(&mut savepoint, meta, command).await;
    match tried {
        Ok(applied) => {
            savepoint.commit().await?;
            Ok(applied)
        }
        Err(stop) => {
            savepoint.rollback().await?;
            Err(stop)
        }
    }
}

async fn apply<T: Apply>(
    connection: &mut PgConnection,
    meta: &Meta,
    command: &Command<T>,
) -> Result<Applied, Stop> {
    if T::COUNTS_PEOPLE {
        // Before anything is read, so that what is read is what the last one left. People
        // change seldom: one at a time is quick enough, and no two wait for each other.
        sqlx::query!("SELECT pg_advisory_xact_lock($1)", ADMINS_LOCK).execute(&mut *connection).await?;
    }
    let actor = actor::load(connection, meta.actor).await?;
    actor.require(T::RIGHT, meta.business)?;
    if let (Some(said), Some(about)) = (meta.business, command.args.business())
        && said != about
    {
        return Err(Refusal::not_found("business").into());
    }
    let mut scene = Scene { connection, actor: &actor, business: meta.business, meta };
    let applied = command.args.apply(&mut scene).await?;
    record(connection, meta, &command.meta, &actor, &applied.changes).await?;
    Ok(applied)
}

async fn record(
    connection: &mut PgConnection,
    meta: &Meta,
    request: &CommandMeta,
    person: &Person,
    changes: &[Change],
) -> Result<(), sqlx::Error> {
    let actor = Actor { id: Some(person.id), name: person.name.clone() };
    let records: Vec<_> = changes
        .iter()
        .map(|change| Record {
            business: change.business,
            actor: &actor,
            request: Some(request),
            event_id: Some(&meta.id),
            action: change.action,
            entity_type: change.kind.as_str(),
            entity_id: &change.id,
            before: change.before.clone(),
            after: change.after.clone(),
        })
        .collect();
    audit::write_all(connection, records).await
}

fn report(action: &'static str, outcome: &Result<Value, Refusal>, meta: &Meta) {
    let (word, status) = match outcome {
        Ok(_) => ("applied", None),
        Err(refusal) => ("refused", Some(refusal.status)),
    };
    metrics::counter!("prosaas_crm_commands_total", "action" => action, "outcome" => word).increment(1);
    let reason = outcome.as_ref().err().map(|refusal| refusal.kind);
    tracing::info!(event = "crm.command", action, outcome = word, status, reason, event_id = meta.id);
}

//! Writing domain events, in the transaction that makes them true.

use chrono::{DateTime, Utc};
use prosaas_domain::ids::{BusinessId, UserId};
use prosaas_events::{CloudEvent, EventId, domain_event::DomainEventData, subjects::Subject};
use prosaas_platform::telemetry::TraceParent;
use sqlx::PgConnection;

use crate::runtime::Meta;

/// Who raises domain events.
const SOURCE: &str = "/prosaas/workers";

/// What a change was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// What the ids of its domain events derive from. The same cause, applied again after its transaction was
    /// lost, has the same key; nothing else has.
    pub key: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The person who asked for it.
    pub actor: Option<UserId>,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
}

impl Trigger {
    /// An event that is being applied.
    pub fn of(meta: &Meta) -> Self {
        Self {
            key: meta.key(),
            at: meta.time,
            actor: meta.actor,
            // Its own, also where it is applied beside others.
            traceparent: meta.traceparent.clone().or_else(here),
        }
    }

    /// Something else that happened then, such as the outcome of a call of a service.
    pub fn other(key: String, at: DateTime<Utc>) -> Self {
        Self { key, at, actor: None, traceparent: here() }
    }
}

/// The trace of the work that is being done, where traces are exported.
fn here() -> Option<String> {
    TraceParent::of(&tracing::Span::current()).map(|trace| trace.to_string())
}

/// What a transaction raises, until it is written by one statement.
#[derive(Debug, Default)]
pub struct Pending {
    ids: Vec<String>,
    subjects: Vec<String>,
    payloads: Vec<String>,
    traceparents: Vec<Option<String>>,
}

impl Pending {
    /// Adds one.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn raise<T: DomainEventData>(
        &mut self,
        trigger: &Trigger,
        business: Option<BusinessId>,
        data: T,
    ) -> Result<(), sqlx::Error> {
        let subject = Subject::domain_event(&data);
        let event = event(trigger, business, data);
        self.payloads.push(serde_json::to_string(&event).map_err(|error| sqlx::Error::Encode(error.into()))?);
        self.ids.push(event.id.into_string());
        self.subjects.push(subject.into_string());
        self.traceparents.push(event.traceparent);
        Ok(())
    }

    /// Writes all of them into the outbox, in their order.
    pub async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.ids.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO prosaas.event_outbox (event_id, subject, payload, traceparent)
             SELECT e.id, e.subject, e.payload, e.traceparent
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
                  WITH ORDINALITY AS e (id, subject, payload, traceparent, number)
             ORDER BY e.number",
            &self.ids,
            &self.subjects,
            &self.payloads,
            &self.traceparents as &[Option<String>]
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Writes one into the outbox.
pub async fn raise<T: DomainEventData>(
    connection: &mut PgConnection,
    trigger: &Trigger,
    business: Option<BusinessId>,
    data: T,
) -> Result<(), sqlx::Error> {
    raise_all(connection, trigger, business, [data]).await
}

/// Writes several of a kind, of different things, by one statement.
pub async fn raise_all<T: DomainEventData>(
    connection: &mut PgConnection,
    trigger: &Trigger,
    business: Option<BusinessId>,
    data: impl IntoIterator<Item = T>,
) -> Result<(), sqlx::Error> {
    let mut pending = Pending::default();
    for data in data {
        pending.raise(trigger, business, data)?;
    }
    pending.write(connection).await
}

fn event<T: DomainEventData>(trigger: &Trigger, business: Option<BusinessId>, data: T) -> CloudEvent<T> {
    let entity = data.entity();
    let id = EventId::domain_event(T::NAME, &entity, &trigger.key);
    let mut event = CloudEvent::new(id, SOURCE.to_owned(), entity, trigger.at, data);
    event.businessid = business;
    event.actorid = trigger.actor;
    event.traceparent.clone_from(&trigger.traceparent);
    event
}

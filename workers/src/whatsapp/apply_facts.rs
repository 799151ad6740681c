//! Facts of the service, applied in one transaction: one or hundreds, by the same statements.
//!
//! ```text
//! marks ─► sessions, locked in one order ─► fold, in memory ─► history ─► rows ─► domain events ─► audit ─► commit
//! ```

use std::collections::BTreeMap;

use prosaas_domain::ids::{BusinessId, WhatsappSessionId};
use sqlx::{PgConnection, PgPool};

use super::{
    change::{Change, Told},
    rows,
    told::tell_all,
};
use crate::{
    audit,
    runtime::{Done, Failure, mark_all_processed},
};

/// Applies the facts: the sessions' rows, their history, the domain events, the audit records and the processed marks,
/// or nothing of it. Says of each whether it was new.
pub(super) async fn apply_facts(
    pool: &PgPool,
    consumer: &str,
    facts: &[Told<'_>],
) -> Result<Vec<Done>, Failure> {
    let mut transaction = pool.begin().await?;
    let keys: Vec<String> = facts.iter().map(|(meta, _)| meta.key()).collect();
    let done = mark_all_processed(&mut transaction, consumer, &keys).await?;
    let applied = facts.iter().zip(&done).filter(|(_, done)| **done == Done::Applied).map(|(fact, _)| *fact);
    let of_sessions = by_session(applied)?;
    if !of_sessions.is_empty() {
        write(&mut transaction, &of_sessions).await?;
    }
    transaction.commit().await?;
    Ok(done)
}

/// The facts of one session, and the business that they name.
struct OfSession<'a> {
    business: BusinessId,
    facts: Vec<Told<'a>>,
}

fn by_session<'a>(
    facts: impl Iterator<Item = Told<'a>>,
) -> Result<BTreeMap<WhatsappSessionId, OfSession<'a>>, Failure> {
    let mut sessions: BTreeMap<WhatsappSessionId, OfSession<'a>> = BTreeMap::new();
    for (meta, told) in facts {
        let business = meta.business.ok_or_else(|| Failure::fail("the fact names no business"))?;
        let of = sessions.entry(told.session_id).or_insert_with(|| OfSession { business, facts: Vec::new() });
        if of.business != business {
            return Err(other_business());
        }
        of.facts.push((meta, told));
    }
    Ok(sessions)
}

fn other_business() -> Failure {
    Failure::fail("the session belongs to another business than the fact says")
}

async fn write(
    connection: &mut PgConnection,
    sessions: &BTreeMap<WhatsappSessionId, OfSession<'_>>,
) -> Result<(), Failure> {
    let (mut began, mut history) = (Vec::new(), Vec::new());
    for (id, of) in sessions {
        began.extend(of.facts.first().map(|(_, told)| (*id, of.business, told.occurred_at)));
        history.extend(of.facts.iter().map(|fact| (of.business, *fact)));
    }
    let held = rows::load_all(connection, &began).await?;
    rows::add_to_history(connection, &history).await?;
    let mut changes = Vec::new();
    for (id, of) in sessions {
        let row = held.get(id).ok_or_else(|| Failure::retry("the session's row is not there"))?;
        if row.business != of.business {
            return Err(other_business());
        }
        if !row.deleted {
            changes.extend(Change::of(*id, of.business, &row.standing, &of.facts));
        }
    }
    rows::save_all(connection, &changes).await?;
    let causes: Vec<_> = changes.iter().map(|change| (change.session, change.trigger.clone())).collect();
    tell_all(connection, &causes).await?;
    let records = changes.iter().flat_map(Change::records).collect();
    audit::write_all(connection, records).await?;
    Ok(())
}

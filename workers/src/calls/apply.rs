//! Events of calls, applied in one transaction: one event or hundreds, by the same statements.
//!
//! ```text
//! the calls' locks, in one order ─► rows ─► marks ─► fold, in memory ─► businesses ─► leads, behind their locks
//!   ─► rows ─► history ─► what belongs to the calls ─► audit ─► outbox ─► commit
//! ```
//!
//! Two transactions that share calls or callers wait for each other in that order and never in a circle; the one
//! exception, a leg whose call only its row names, is Postgres's to break.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prosaas_domain::ids::CallSid;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use super::{
    change::{Change, Origin, Step},
    event::CallEvent,
    fold, history, lead, owner,
    store::{self, StoredCall},
    told,
};
use crate::{
    audit::{self, Actor, Record},
    domain_events::Pending,
    live::Update,
    runtime::{Done, Failure, Meta, mark_all_processed},
};

/// What became of events.
#[derive(Debug)]
pub struct Applied {
    /// Of each whether it was new.
    pub done: Vec<Done>,
    /// What has changed, for whoever is watching.
    pub updates: Vec<Update>,
}

/// Applies the events: the calls' rows, their history, their leads, the audit records, the domain events and the
/// processed marks, or nothing of it. One that had succeeded and runs again stands in the history once.
pub async fn apply_all(
    pool: &PgPool,
    consumer: &str,
    events: &[(&Meta, &CallEvent)],
) -> Result<Applied, Failure> {
    let mut transaction = pool.begin().await?;
    let connection = &mut *transaction;
    let calls: BTreeSet<&CallSid> = events.iter().map(|(_, event)| event.call()).collect();
    let parents = events.iter().filter_map(|(_, event)| event.parent());
    let locked: BTreeSet<&CallSid> = calls.iter().copied().chain(parents).collect();
    store::lock_all(connection, &locked).await?;
    let mut rows = store::load_all(connection, &calls).await?;
    let keys: Vec<String> = events.iter().map(|(meta, _)| meta.key()).collect();
    let done = mark_all_processed(connection, consumer, &keys).await?;
    let applied =
        events.iter().zip(&done).filter(|(_, done)| **done == Done::Applied).map(|(event, _)| *event);
    let mut changes = folded(applied, &mut rows);
    let updates =
        if changes.is_empty() { Vec::new() } else { write(connection, &mut changes, &locked).await? };
    transaction.commit().await?;
    Ok(Applied { done, updates })
}

/// Each call of the events with what they make of it.
fn folded<'a>(
    events: impl Iterator<Item = (&'a Meta, &'a CallEvent)>,
    rows: &mut HashMap<CallSid, StoredCall>,
) -> Vec<Change<'a>> {
    let mut changes: BTreeMap<&CallSid, Change<'a>> = BTreeMap::new();
    for (meta, event) in events {
        let call = event.call();
        let change = changes.entry(call).or_insert_with(|| {
            let before = rows.remove(call);
            let after = before.clone().unwrap_or_default();
            Change { call: call.clone(), before, after, steps: Vec::new(), origin: Origin::of(meta) }
        });
        let state = fold::apply(change.after.state.clone(), event.fact(meta));
        change.after.state = state.clone();
        change.steps.push(Step { meta, event, state });
    }
    changes.into_values().collect()
}

async fn write(
    connection: &mut PgConnection,
    changes: &mut [Change<'_>],
    locked: &BTreeSet<&CallSid>,
) -> Result<Vec<Update>, Failure> {
    let (mut pending, mut updates) = (Pending::default(), Vec::new());
    owner::find(connection, changes, locked).await?;
    lead::find(connection, changes, &mut pending, &mut updates).await?;
    for change in changes.iter_mut().filter(|change| change.is_one()) {
        change.after.version += 1;
        told::tell(&mut pending, change)?;
    }
    let changed = changes.iter().filter(|change| change.is_one());
    store::save_all(connection, changed.map(|change| (&change.call, &change.after))).await?;
    history::add(connection, changes).await?;
    owner::spread(connection, changes, &mut pending).await?;
    let entries = records(changes);
    let records: Vec<Record<'_>> = entries.iter().map(Entry::record).collect();
    updates.extend(records.iter().filter_map(Update::of));
    audit::write_all(connection, records).await?;
    pending.write(connection).await?;
    Ok(updates)
}

/// What one event did to its call, for the audit.
struct Entry<'a> {
    change: &'a Change<'a>,
    actor: Actor,
    key: String,
    action: String,
    before: Option<Value>,
    after: Value,
}

impl Entry<'_> {
    fn record(&self) -> Record<'_> {
        Record {
            business: self.change.after.business,
            actor: &self.actor,
            request: None,
            event_id: Some(&self.key),
            action: &self.action,
            entity_type: "call",
            entity_id: self.change.call.as_str(),
            before: self.before.clone(),
            after: Some(self.after.clone()),
        }
    }
}

/// One entry for each event, however many there were of its call. What ran again and changed nothing is on record
/// since its first run.
fn records<'a>(changes: &'a [Change<'a>]) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for change in changes {
        let mut before = change.before.clone();
        for step in &change.steps {
            let after = StoredCall { state: step.state.clone(), ..change.after.clone() };
            let same = before.as_ref().is_some_and(|before| {
                (&before.state, before.business, before.lead) == (&after.state, after.business, after.lead)
            });
            if step.meta.again.is_none() || !same {
                entries.push(Entry {
                    change,
                    actor: Actor::of(step.meta),
                    key: step.meta.key(),
                    action: format!("call.{}", step.event.kind()),
                    before: before.as_ref().map(summary),
                    after: summary(&after),
                });
            }
            before = Some(after);
        }
    }
    entries
}

/// The call for the audit, without anybody's number: those stand in the call's row,
/// and an audit record can never be changed.
fn summary(stored: &StoredCall) -> Value {
    let state = &stored.state;
    json!({
        "status": state.status.map(|mark| mark.status),
        "status_sequence": state.status.and_then(|mark| mark.sequence),
        "answer": state.answer(),
        "duration_s": state.duration_s,
        "dial_outcome": state.dial.as_ref().map(|dial| dial.outcome),
        "dial_bridged": state.dial.as_ref().and_then(|dial| dial.bridged),
        "accepted_legs": state.accepted.len(),
        "answered": state.answered(),
        "unknown": state.unknown,
        "missed": state.missed(),
        "lead_id": stored.lead,
    })
}

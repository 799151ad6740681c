//! One event of a call, applied in one transaction.

use prosaas_domain::ids::CallSid;
use prosaas_events::call::{CallDialedV1, CallIncomingV1, CallStatus, CallStatusV1};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use super::{
    fact::{CallFact, What},
    fold::apply,
    lead::{self, Origin},
    owner,
    store::{self, StoredCall},
    told,
};
use crate::{
    audit::{self, Actor, Record},
    domain_events::Trigger,
    runtime::{Done, Failure, Mark, Meta, mark_processed},
    text::storable_json,
};

/// An event of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEvent {
    /// A call asked to be answered.
    Incoming(CallIncomingV1),
    /// Twilio reports a status.
    Status(CallStatusV1),
    /// Forwarding ended.
    Dialed(CallDialedV1),
}

impl CallEvent {
    fn call(&self) -> &CallSid {
        match self {
            Self::Incoming(data) => &data.call_sid,
            Self::Status(data) => &data.call_sid,
            Self::Dialed(data) => &data.call_sid,
        }
    }

    /// What it says, for the fold.
    pub fn fact(&self, meta: &Meta) -> CallFact {
        match self {
            Self::Incoming(data) => CallFact::incoming(&meta.id, meta.time, data),
            Self::Status(data) => CallFact::status(&meta.id, meta.time, data),
            Self::Dialed(data) => CallFact::dialed(&meta.id, meta.time, data),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Incoming(_) => "incoming",
            Self::Status(_) => "status",
            Self::Dialed(_) => "dialed",
        }
    }

    fn data(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::Incoming(data) => storable_json(data),
            Self::Status(data) => storable_json(data),
            Self::Dialed(data) => storable_json(data),
        }
    }
}

/// Applies the event: the call's row, its history, its lead, the audit record and
/// the processed mark, or nothing of it. An event that had succeeded and runs again
/// stands in the history once.
pub async fn apply_event(
    pool: &PgPool,
    consumer: &str,
    meta: &Meta,
    event: &CallEvent,
) -> Result<Done, Failure> {
    let mut transaction = pool.begin().await?;
    if mark_processed(&mut transaction, consumer, &meta.key()).await? == Mark::Known {
        return Ok(Done::AlreadyApplied);
    }
    let call = event.call();
    store::lock(&mut transaction, call).await?;
    let before = store::load(&mut transaction, call).await?;
    let trigger = Trigger::of(meta);
    let mut after = next(&mut transaction, meta, event, &trigger, before.clone().unwrap_or_default()).await?;
    let changed = before.as_ref() != Some(&after);
    if changed {
        after.version += 1;
        store::save(&mut transaction, call, &after).await?;
        told::tell(&mut transaction, &trigger, call, before.as_ref(), &after).await?;
    }
    add_to_history(&mut transaction, meta, event, &after).await?;
    if let (Some(business), None) = (after.business, before.as_ref().and_then(|b| b.business)) {
        owner::spread_to_parts(&mut transaction, &trigger, call, business).await?;
    }
    if meta.again.is_some() && !changed {
        // It ran again and changed nothing: its first run is on record.
        transaction.commit().await?;
        return Ok(Done::Applied);
    }
    let record = Record {
        business: after.business,
        actor: &Actor::of(meta),
        request: None,
        event_id: Some(&meta.key()),
        action: &format!("call.{}", event.kind()),
        entity_type: "call",
        entity_id: call.as_str(),
        before: before.as_ref().map(summary),
        after: Some(summary(&after)),
    };
    audit::write(&mut transaction, record).await?;
    transaction.commit().await?;
    Ok(Done::Applied)
}

/// The call after the event: its state, whose it is, and who called.
async fn next(
    connection: &mut PgConnection,
    meta: &Meta,
    event: &CallEvent,
    trigger: &Trigger,
    before: StoredCall,
) -> Result<StoredCall, sqlx::Error> {
    let version = before.version;
    let state = apply(before.state, event.fact(meta));
    let business = match before.business {
        Some(business) => Some(business),
        None => owner::of_call(connection, meta.business, &state).await?,
    };
    let Some(business) = business else {
        return Ok(StoredCall { state, business: None, lead: None, version });
    };
    let actor = Actor::of(meta);
    let origin = Origin { event_id: Some(&trigger.key), trigger, actor: &actor, call: event.call() };
    let lead = match before.lead {
        Some(lead) => Some(lead),
        None => lead::of_call(connection, business, &state, origin).await?,
    };
    if let (Some(lead), CallEvent::Incoming(_)) = (lead, event) {
        lead::name_from_call(connection, business, lead, &state, origin).await?;
    }
    Ok(StoredCall { state, business: Some(business), lead, version })
}

async fn add_to_history(
    connection: &mut PgConnection,
    meta: &Meta,
    event: &CallEvent,
    after: &StoredCall,
) -> Result<(), Failure> {
    let fact = event.fact(meta);
    let (status, sequence) = match &fact.what {
        What::Incoming { status, .. } => (*status, None),
        What::Status { status, sequence, .. } => (Some(*status), *sequence),
        What::Dialed(dial) => (Some(dial.outcome), None),
    };
    sqlx::query!(
        "INSERT INTO prosaas.call_events
            (event_id, call_sid, business_id, kind, status, sequence_number, occurred_at, received_at, data)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT ON CONSTRAINT call_events_pk DO NOTHING",
        meta.id,
        event.call().as_str(),
        after.business.map(|b| b.0),
        event.kind(),
        status.map(CallStatus::as_str),
        sequence.map(i64::from),
        fact.at,
        meta.time,
        event.data().map_err(Failure::fail)?
    )
    .execute(connection)
    .await?;
    Ok(())
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
        "missed": state.missed(),
        "lead_id": stored.lead,
    })
}

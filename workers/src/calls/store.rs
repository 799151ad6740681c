//! A call's row.

use prosaas_domain::{
    ids::{BusinessId, CallSid, LeadId},
    phone::E164,
};
use prosaas_events::call::{Answer, CallStatus};
use sqlx::PgConnection;

use super::{
    fact::{Dial, Parties},
    fold::{CallState, Details, StatusMark},
};
use crate::text::storable;

/// A call as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredCall {
    /// What its events said.
    pub state: CallState,
    /// Whose it is.
    pub business: Option<BusinessId>,
    /// Who was on the other side.
    pub lead: Option<LeadId>,
    /// The row's version; zero where there is no row yet.
    pub version: i64,
}

/// Takes the call's lock until the transaction ends: one event of a call at a time,
/// also before it has a row.
pub async fn lock(connection: &mut PgConnection, call: &CallSid) -> Result<(), sqlx::Error> {
    let key = format!("prosaas.call:{call}");
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key).execute(connection).await?;
    Ok(())
}

/// Reads the call, where it has a row. Hold its [`lock`].
pub async fn load(connection: &mut PgConnection, call: &CallSid) -> Result<Option<StoredCall>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT business_id, lead_id, version, from_raw, to_raw, direction, caller_name, forwarded_from,
                parent_call_sid, answer, details_at, details_event_id, status, status_sequence, started_at,
                ended_at, duration_s, dial_outcome, dial_duration_s, dialed_call_sid
         FROM prosaas.calls WHERE call_sid = $1",
        call.as_str()
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let details = match (row.details_at, row.details_event_id) {
        (Some(at), Some(event_id)) => {
            let parties = Parties {
                from: row.from_raw,
                to: row.to_raw,
                direction: row.direction,
                caller_name: row.caller_name,
                forwarded_from: row.forwarded_from,
                parent_call_sid: row.parent_call_sid.and_then(|s| s.parse().ok()),
            };
            Some(Details { parties, answer: row.answer.as_deref().and_then(answer), at, event_id })
        }
        _ => None,
    };
    let seconds = |value: Option<i64>| value.and_then(|v| u32::try_from(v).ok());
    let state = CallState {
        details,
        status: row
            .status
            .as_deref()
            .and_then(CallStatus::parse)
            .map(|status| StatusMark { status, sequence: seconds(row.status_sequence) }),
        started_at: Some(row.started_at),
        ended_at: row.ended_at,
        duration_s: seconds(row.duration_s),
        dial: row.dial_outcome.as_deref().and_then(CallStatus::parse).map(|outcome| Dial {
            outcome,
            duration_s: seconds(row.dial_duration_s),
            dialed_call_sid: row.dialed_call_sid.and_then(|s| s.parse().ok()),
        }),
    };
    Ok(Some(StoredCall {
        state,
        business: row.business_id.map(BusinessId),
        lead: row.lead_id.map(LeadId),
        version: row.version,
    }))
}

/// Writes the call whole. Hold its [`lock`].
pub async fn save(
    connection: &mut PgConnection,
    call: &CallSid,
    stored: &StoredCall,
) -> Result<(), sqlx::Error> {
    let StoredCall { state, business, lead, version } = stored;
    let parties = state.parties();
    let details = state.details.as_ref();
    let source = details.map(|d| if d.answer.is_some() { "incoming" } else { "status" });
    let dial = state.dial.as_ref();
    let missed = state.missed();
    let (caller, called) = (state.caller(), state.called());
    sqlx::query!(
        "INSERT INTO prosaas.calls
            (call_sid, business_id, lead_id, from_raw, to_raw, from_e164, to_e164, direction, caller_name,
             forwarded_from, parent_call_sid, answer, details_source, details_at, details_event_id, status,
             status_sequence, started_at, ended_at, duration_s, dial_outcome, dial_duration_s,
             dialed_call_sid, missed, callback_needed, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                 COALESCE($18, now()), $19, $20, $21, $22, $23, $24, $25, $26)
         ON CONFLICT ON CONSTRAINT calls_pk DO UPDATE SET
            business_id = $2, lead_id = $3, from_raw = $4, to_raw = $5, from_e164 = $6, to_e164 = $7,
            direction = $8, caller_name = $9, forwarded_from = $10, parent_call_sid = $11, answer = $12,
            details_source = $13, details_at = $14, details_event_id = $15, status = $16,
            status_sequence = $17, started_at = EXCLUDED.started_at, ended_at = $19, duration_s = $20,
            dial_outcome = $21, dial_duration_s = $22, dialed_call_sid = $23, missed = $24,
            callback_needed = $25, version = $26, updated_at = now()",
        call.as_str(),
        business.map(|b| b.0),
        lead.map(|l| l.0),
        parties.from.as_deref().map(storable),
        parties.to.as_deref().map(storable),
        caller.as_ref().map(E164::as_str),
        called.as_ref().map(E164::as_str),
        parties.direction.as_deref().map(storable),
        parties.caller_name.as_deref().map(storable),
        parties.forwarded_from.as_deref().map(storable),
        parties.parent_call_sid.as_ref().map(CallSid::as_str),
        state.answer().map(answer_word),
        source,
        details.map(|d| d.at),
        details.map(|d| d.event_id.as_str()),
        state.status.map(|mark| mark.status.as_str()),
        state.status.and_then(|mark| mark.sequence).map(i64::from),
        state.started_at,
        state.ended_at,
        state.duration_s.map(i64::from),
        dial.map(|d| d.outcome.as_str()),
        dial.and_then(|d| d.duration_s).map(i64::from),
        dial.and_then(|d| d.dialed_call_sid.as_ref()).map(CallSid::as_str),
        missed,
        missed && caller.is_some() && business.is_some(),
        version
    )
    .execute(connection)
    .await?;
    Ok(())
}

const ANSWERS: [(Answer, &str); 4] = [
    (Answer::Record, "record"),
    (Answer::Forward, "forward"),
    (Answer::Closed, "closed"),
    (Answer::UnknownNumber, "unknown_number"),
];

fn answer(word: &str) -> Option<Answer> {
    ANSWERS.into_iter().find(|(_, w)| *w == word).map(|(answer, _)| answer)
}

/// The answer as the column has it.
pub fn answer_word(answer: Answer) -> &'static str {
    ANSWERS.into_iter().find(|(a, _)| *a == answer).map_or("unknown_number", |(_, word)| word)
}

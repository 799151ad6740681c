//! Calls' rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, CallSid, LeadId, UserId},
    phone::E164,
};
use prosaas_events::call::{Answer, CallStatus};
use serde::Serialize;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

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
    lock_all(connection, &BTreeSet::from([call])).await
}

/// Takes the locks of all these calls, in one order for everybody.
pub async fn lock_all(connection: &mut PgConnection, calls: &BTreeSet<&CallSid>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(k.key) FROM (
            SELECT DISTINCT hashtextextended('prosaas.call:' || sid, 0) AS key FROM unnest($1::text[]) AS sid ORDER BY 1
         ) AS k",
        &sids(calls)
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}

fn sids(calls: &BTreeSet<&CallSid>) -> Vec<String> {
    calls.iter().map(|call| call.as_str().to_owned()).collect()
}

/// Reads the call, where it has a row. Hold its [`lock`].
pub async fn load(connection: &mut PgConnection, call: &CallSid) -> Result<Option<StoredCall>, sqlx::Error> {
    Ok(load_all(connection, &BTreeSet::from([call])).await?.remove(call))
}

/// Reads those of the calls that have a row. Hold their locks.
pub async fn load_all(
    connection: &mut PgConnection,
    calls: &BTreeSet<&CallSid>,
) -> Result<HashMap<CallSid, StoredCall>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT call_sid, business_id, lead_id, version, from_raw, to_raw, direction, caller_name, forwarded_from,
                parent_call_sid, answer, details_at, details_event_id, status, status_sequence, started_at,
                ended_at, duration_s, dial_outcome, dial_bridged, dial_screened, dial_duration_s, dialed_call_sid, unknown,
                accepted_legs AS "accepted_legs: Json<BTreeMap<CallSid, Option<E164>>>",
                leg_people AS "leg_people: Json<BTreeMap<CallSid, UserId>>"
         FROM prosaas.calls WHERE call_sid = ANY ($1)"#,
        &sids(calls)
    )
    .fetch_all(connection)
    .await?;
    let seconds = |value: Option<i64>| value.and_then(|v| u32::try_from(v).ok());
    let mut found = HashMap::new();
    for row in rows {
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
                bridged: row.dial_bridged,
                screened: row.dial_screened,
                duration_s: seconds(row.dial_duration_s),
                dialed_call_sid: row.dialed_call_sid.and_then(|s| s.parse().ok()),
            }),
            accepted: row.accepted_legs.0,
            people: row.leg_people.0,
            unknown: row.unknown,
        };
        let (business, lead) = (row.business_id.map(BusinessId), row.lead_id.map(LeadId));
        if let Ok(call) = row.call_sid.parse() {
            found.insert(call, StoredCall { state, business, lead, version: row.version });
        }
    }
    Ok(found)
}

/// A row as it is written.
#[expect(clippy::struct_excessive_bools, reason = "it has the table's columns")]
#[derive(Serialize)]
struct Row<'a> {
    call_sid: &'a str,
    business_id: Option<Uuid>,
    lead_id: Option<Uuid>,
    from_raw: Option<String>,
    to_raw: Option<String>,
    from_e164: Option<String>,
    to_e164: Option<String>,
    direction: Option<String>,
    caller_name: Option<String>,
    forwarded_from: Option<String>,
    parent_call_sid: Option<String>,
    answer: Option<&'static str>,
    details_source: Option<&'static str>,
    details_at: Option<DateTime<Utc>>,
    details_event_id: Option<&'a str>,
    status: Option<&'static str>,
    status_sequence: Option<u32>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    duration_s: Option<u32>,
    dial_outcome: Option<&'static str>,
    dial_bridged: Option<bool>,
    dial_screened: bool,
    dial_duration_s: Option<u32>,
    dialed_call_sid: Option<&'a str>,
    accepted_legs: &'a BTreeMap<CallSid, Option<E164>>,
    leg_people: &'a BTreeMap<CallSid, UserId>,
    answered_by_user: Option<UserId>,
    unknown: bool,
    answered_by: Option<&'a str>,
    missed: bool,
    callback_needed: bool,
    version: i64,
}

impl<'a> Row<'a> {
    fn of(call: &'a CallSid, stored: &'a StoredCall) -> Self {
        let StoredCall { state, business, lead, version } = stored;
        let parties = state.parties();
        let (details, dial) = (state.details.as_ref(), state.dial.as_ref());
        let (caller, called, missed) = (state.caller(), state.called(), state.missed());
        let text = |value: Option<String>| value.as_deref().map(storable);
        Self {
            call_sid: call.as_str(),
            business_id: business.map(|b| b.0),
            lead_id: lead.map(|l| l.0),
            callback_needed: missed && caller.is_some() && business.is_some(),
            from_raw: text(parties.from),
            to_raw: text(parties.to),
            from_e164: caller.map(String::from),
            to_e164: called.map(String::from),
            direction: text(parties.direction),
            caller_name: text(parties.caller_name),
            forwarded_from: text(parties.forwarded_from),
            parent_call_sid: parties.parent_call_sid.map(String::from),
            answer: state.answer().map(answer_word),
            details_source: details.map(|d| if d.answer.is_some() { "incoming" } else { "status" }),
            details_at: details.map(|d| d.at),
            details_event_id: details.map(|d| d.event_id.as_str()),
            status: state.status.map(|mark| mark.status.as_str()),
            status_sequence: state.status.and_then(|mark| mark.sequence),
            started_at: state.started_at,
            ended_at: state.ended_at,
            duration_s: state.duration_s,
            dial_outcome: dial.map(|d| d.outcome.as_str()),
            dial_bridged: dial.and_then(|d| d.bridged),
            dial_screened: dial.is_some_and(|d| d.screened),
            dial_duration_s: dial.and_then(|d| d.duration_s),
            dialed_call_sid: dial.and_then(|d| d.dialed_call_sid.as_ref()).map(CallSid::as_str),
            accepted_legs: &state.accepted,
            leg_people: &state.people,
            answered_by_user: state.answered_by_user(),
            unknown: state.unknown,
            answered_by: state.answered_by().map(E164::as_str),
            missed,
            version: *version,
        }
    }
}

/// Writes the calls whole, as they will be. Hold their locks.
pub async fn save_all<'a>(
    connection: &mut PgConnection,
    calls: impl Iterator<Item = (&'a CallSid, &'a StoredCall)>,
) -> Result<(), sqlx::Error> {
    let rows: Vec<Row<'_>> = calls.map(|(call, stored)| Row::of(call, stored)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO prosaas.calls
            (call_sid, business_id, lead_id, from_raw, to_raw, from_e164, to_e164, direction, caller_name,
             forwarded_from, parent_call_sid, answer, details_source, details_at, details_event_id, status,
             status_sequence, started_at, ended_at, duration_s, dial_outcome, dial_bridged, dial_screened,
             dial_duration_s, dialed_call_sid, accepted_legs, leg_people, answered_by, answered_by_user, unknown,
             missed, callback_needed, version)
         SELECT call_sid, business_id, lead_id, from_raw, to_raw, from_e164, to_e164, direction, caller_name,
             forwarded_from, parent_call_sid, answer, details_source, details_at, details_event_id, status,
             status_sequence, COALESCE(started_at, now()), ended_at, duration_s, dial_outcome, dial_bridged,
             dial_screened, dial_duration_s, dialed_call_sid, accepted_legs, leg_people, answered_by, answered_by_user,
             unknown, missed, callback_needed, version
         FROM json_to_recordset($1::text::json) AS r (
            call_sid text, business_id uuid, lead_id uuid, from_raw text, to_raw text, from_e164 text, to_e164 text,
            direction text, caller_name text, forwarded_from text, parent_call_sid text, answer text,
            details_source text, details_at timestamptz, details_event_id text, status text, status_sequence bigint,
            started_at timestamptz, ended_at timestamptz, duration_s bigint, dial_outcome text, dial_bridged boolean,
            dial_screened boolean, dial_duration_s bigint, dialed_call_sid text, accepted_legs jsonb,
            leg_people jsonb, answered_by text, answered_by_user uuid, unknown boolean, missed boolean, callback_needed boolean, version bigint)
         ON CONFLICT ON CONSTRAINT calls_pk DO UPDATE SET
            business_id = EXCLUDED.business_id, lead_id = EXCLUDED.lead_id, from_raw = EXCLUDED.from_raw,
            to_raw = EXCLUDED.to_raw, from_e164 = EXCLUDED.from_e164, to_e164 = EXCLUDED.to_e164,
            direction = EXCLUDED.direction, caller_name = EXCLUDED.caller_name,
            forwarded_from = EXCLUDED.forwarded_from, parent_call_sid = EXCLUDED.parent_call_sid,
            answer = EXCLUDED.answer, details_source = EXCLUDED.details_source, details_at = EXCLUDED.details_at,
            details_event_id = EXCLUDED.details_event_id, status = EXCLUDED.status,
            status_sequence = EXCLUDED.status_sequence, started_at = EXCLUDED.started_at,
            ended_at = EXCLUDED.ended_at, duration_s = EXCLUDED.duration_s, dial_outcome = EXCLUDED.dial_outcome,
            dial_bridged = EXCLUDED.dial_bridged, dial_screened = EXCLUDED.dial_screened,
            accepted_legs = EXCLUDED.accepted_legs, answered_by = EXCLUDED.answered_by,
            leg_people = EXCLUDED.leg_people, answered_by_user = EXCLUDED.answered_by_user,
            unknown = EXCLUDED.unknown,
            dial_duration_s = EXCLUDED.dial_duration_s, dialed_call_sid = EXCLUDED.dialed_call_sid,
            missed = EXCLUDED.missed, callback_needed = EXCLUDED.callback_needed, version = EXCLUDED.version,
            updated_at = now()",
        serde_json::to_string(&rows).map_err(|error| sqlx::Error::Encode(error.into()))?
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

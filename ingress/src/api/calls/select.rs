//! The queries of calls.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use prosaas_domain::ids::{BusinessId, CallSid};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::model::{Call, CallRow, Recording};
use crate::{
    http::{page::END_OF_TIME, problem::Problem},
    services::planned_reads::PlannedRead,
};

/// Rows of calls: everything behind WHERE.
macro_rules! call_rows {
    ([$($rest:tt)+] $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            CallRow,
            r#"SELECT c.call_sid, c.direction, c.from_raw, c.from_e164, c.to_raw, c.to_e164, c.caller_name,
                      c.lead_id, l.name AS "lead_name?", c.answer, c.status, c.started_at, c.ended_at,
                      c.duration_s, c.dial_outcome, c.answered, c.answered_by, p.id AS "person_id?",
                      p.name AS "person_name?", c.unknown, c.dial_duration_s, c.missed, c.callback_needed,
                      c.called_back_at, c.called_back_by, u.name AS "called_back_by_name?",
                      (SELECT jsonb_agg(jsonb_build_object(
                                  'recording_sid', r.recording_sid, 'state', r.state,
                                  'duration_s', r.duration_s, 'bytes', r.bytes, 'failure', r.failure,
                                  'created_at', r.created_at
                              ) ORDER BY r.created_at, r.recording_sid)
                       FROM prosaas.recordings r
                       WHERE r.call_sid = c.call_sid AND r.business_id = c.business_id
                      ) AS "recordings: sqlx::types::Json<Vec<Recording>>"
               FROM prosaas.calls c
               LEFT JOIN prosaas.leads l ON l.business_id = c.business_id AND l.id = c.lead_id
               LEFT JOIN prosaas.users p ON p.id = c.answered_by_user AND p.business_id = c.business_id
               LEFT JOIN prosaas.users u
                   ON u.id = c.called_back_by AND (u.business_id = c.business_id OR u.business_id IS NULL)
               WHERE "#
                + $($rest)+,
            $($argument),*
        )
    };
}

/// Which calls are wanted: those that fit everything that is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Wanted {
    pub missed: Option<bool>,
    pub answered: Option<bool>,
    pub to_call_back: Option<bool>,
    pub lead: Option<Uuid>,
    pub person: Option<Uuid>,
    pub number: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// Where a page begins: behind the call that began then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct After {
    pub at: DateTime<Utc>,
    pub call_sid: String,
}

impl After {
    /// In front of every call that began before `end`.
    pub(super) fn nothing(end: Option<DateTime<Utc>>) -> Self {
        Self { at: end.unwrap_or(END_OF_TIME), call_sid: String::new() }
    }
}

/// The rows of a page, the latest first.
pub(super) async fn page(
    mut read: PlannedRead,
    business: BusinessId,
    wanted: &Wanted,
    after: &After,
    limit: i64,
) -> Result<Vec<CallRow>, Problem> {
    let rows = call_rows!(
        ["c.business_id = $1 AND NOT c.forwarded_leg
          AND ($2::boolean IS NULL OR c.missed = $2)
          AND ($3::boolean IS NULL OR c.answered = $3)
          AND ($4::boolean IS NULL OR (c.callback_needed AND c.called_back_at IS NULL) = $4)
          AND ($5::uuid IS NULL OR c.lead_id = $5)
          AND ($11::uuid IS NULL OR c.answered_by_user = $11)
          AND ($6::text IS NULL OR c.from_e164 = $6 OR c.to_e164 = $6)
          AND c.started_at >= coalesce($7, '-infinity'::timestamptz)
          AND (c.started_at, c.call_sid) < ($8, $9)
          ORDER BY c.started_at DESC, c.call_sid DESC LIMIT $10"],
        business.0,
        wanted.missed,
        wanted.answered,
        wanted.to_call_back,
        wanted.lead,
        wanted.number.as_deref(),
        wanted.from,
        after.at,
        after.call_sid,
        limit,
        wanted.person,
    );
    let rows = rows.fetch_all(&mut *read).await?;
    read.commit().await?;
    Ok(rows)
}

/// One call.
pub(super) async fn one(
    database: &PgPool,
    business: BusinessId,
    call: &CallSid,
) -> Result<Option<CallRow>, Problem> {
    let row = call_rows!(["c.business_id = $1 AND c.call_sid = $2"], business.0, call.as_str());
    Ok(row.fetch_optional(database).await?)
}

/// Several calls by their ids.
pub(in crate::api) async fn by_id(
    database: &PgPool,
    business: BusinessId,
    calls: &[String],
) -> Result<HashMap<CallSid, Call>, Problem> {
    if calls.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = call_rows!(["c.business_id = $1 AND c.call_sid = ANY($2)"], business.0, calls);
    let rows = rows.fetch_all(database).await?;
    rows.into_iter().map(|row| Call::try_from(row).map(|call| (call.call_sid.clone(), call))).collect()
}

/// Calls to numbers of nobody, the latest first.
pub(super) async fn unowned(database: &PgPool, after: &After, limit: i64) -> Result<Vec<CallRow>, Problem> {
    let rows = call_rows!(
        ["c.business_id IS NULL AND NOT c.forwarded_leg AND (c.started_at, c.call_sid) < ($1, $2)
          ORDER BY c.started_at DESC, c.call_sid DESC LIMIT $3"],
        after.at,
        after.call_sid,
        limit,
    );
    Ok(rows.fetch_all(database).await?)
}

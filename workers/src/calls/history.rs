//! What happened in a call, event by event.

use chrono::{DateTime, Utc};
use prosaas_events::call::CallStatus;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{change::Change, fact::What};
use crate::runtime::Failure;

#[derive(Serialize)]
struct Row<'a> {
    event_id: &'a str,
    call_sid: &'a str,
    business_id: Option<Uuid>,
    kind: &'static str,
    status: Option<&'static str>,
    sequence_number: Option<u32>,
    occurred_at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    data: Value,
}

/// Adds the events. One that stands there already, because it runs again, stays as it is.
pub(super) async fn add(connection: &mut PgConnection, changes: &[Change<'_>]) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for change in changes {
        for step in &change.steps {
            let fact = step.event.fact(step.meta);
            let (status, sequence_number) = match &fact.what {
                What::Incoming { status, .. } => (*status, None),
                What::Status { status, sequence, .. } => (Some(*status), *sequence),
                What::Told | What::LegAccepted { .. } | What::Unknown => (None, None),
                What::Dialed(dial, _) => (Some(dial.outcome), None),
            };
            rows.push(Row {
                event_id: &step.meta.id,
                call_sid: change.call.as_str(),
                business_id: change.after.business.map(|b| b.0),
                kind: step.event.kind(),
                status: status.map(CallStatus::as_str),
                sequence_number,
                occurred_at: fact.at,
                received_at: step.meta.time,
                data: step.event.data().map_err(Failure::fail)?,
            });
        }
    }
    sqlx::query!(
        "INSERT INTO prosaas.call_events
            (event_id, call_sid, business_id, kind, status, sequence_number, occurred_at, received_at, data)
         SELECT event_id, call_sid, business_id, kind, status, sequence_number, occurred_at, received_at, data
         FROM json_to_recordset($1::text::json) AS r (
            event_id text, call_sid text, business_id uuid, kind text, status text, sequence_number bigint,
            occurred_at timestamptz, received_at timestamptz, data jsonb)
         ON CONFLICT ON CONSTRAINT call_events_pk DO NOTHING",
        serde_json::to_string(&rows).map_err(Failure::fail)?
    )
    .execute(connection)
    .await?;
    Ok(())
}

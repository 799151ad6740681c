//! Wanting a message.

use std::time::Duration;

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, CallSid},
    message::Sender,
    phone::E164,
};
use prosaas_events::subjects::original;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::runtime::Delivery;

/// Nothing is sent for what happened longer ago: an answer that comes after an outage surprises more than it helps.
pub const MAX_AGE: Duration = Duration::from_mins(30);

/// A message that is to go out.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// In whose name.
    pub business: BusinessId,
    /// What it is for: one message for one cause.
    pub cause: &'a str,
    /// The call that it answers.
    pub call: Option<&'a CallSid>,
    /// When that happened which it answers, such as the end of the call.
    pub happened_at: DateTime<Utc>,
    /// From whom.
    pub sender: &'a Sender,
    /// To whom.
    pub to: &'a E164,
    /// What it says.
    pub body: &'a str,
}

/// Writes that it is wanted, in the transaction that makes it so. A cause that has its row gets no second one. What a
/// replay wants is withheld, and what is too old expires at the first look: both are a task.
///
/// # Errors
/// When the database fails.
pub async fn want(
    connection: &mut PgConnection,
    wanted: Wanted<'_>,
    delivery: &Delivery,
) -> Result<Option<Uuid>, sqlx::Error> {
    let replayed = original(&delivery.subject) != delivery.subject;
    sqlx::query_scalar!(
        r#"WITH effect AS (
             INSERT INTO prosaas.outward_effects
                 (id, business_id, cause, call_sid, sender, destination, body, state, reason, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $8 THEN 'withheld' ELSE 'due' END,
                     CASE WHEN $8 THEN 'replayed' END, $9::timestamptz + make_interval(secs => $10))
             ON CONFLICT ON CONSTRAINT outward_effects_cause_uq DO NOTHING
             RETURNING id, business_id, state, reason, call_sid
         ), task AS (
             INSERT INTO prosaas.tasks (id, business_id, kind, cause, reason, call_sid, due_at)
             SELECT gen_random_uuid(), business_id, 'call_back', COALESCE('call:' || call_sid, 'message:' || id),
                    reason, call_sid, now()
             FROM effect WHERE state = 'withheld'
             ON CONFLICT ON CONSTRAINT tasks_cause_uq DO NOTHING
         )
         SELECT id AS "id!" FROM effect"#,
        Uuid::now_v7(),
        wanted.business.0,
        wanted.cause,
        wanted.call.map(CallSid::as_str),
        wanted.sender.as_str(),
        wanted.to.as_str(),
        wanted.body,
        replayed,
        wanted.happened_at,
        MAX_AGE.as_secs_f64()
    )
    .fetch_optional(connection)
    .await
}

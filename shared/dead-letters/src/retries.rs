//! Events that failed and will be tried again: the API's and the command line's view of them.

use chrono::{DateTime, Utc};
use prosaas_events::mask;
use serde::Serialize;
use sqlx::{FromRow, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

/// Most events of one worker in a list.
pub const MAX_EVENTS: i64 = 20;

/// An event that waits for another try, personal data hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct RetryingEvent {
    /// The worker that failed.
    pub worker: String,
    /// The event's id.
    pub event_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The business that the event names.
    #[schema(required = true)]
    pub business_id: Option<Uuid>,
    /// Deliveries so far.
    pub attempts: i64,
    /// The innermost cause of the latest failure.
    pub error: String,
    /// When the event was received.
    pub received_at: DateTime<Utc>,
    /// When it failed first.
    pub first_failed_at: DateTime<Utc>,
    /// When it is tried again.
    pub next_attempt_at: DateTime<Utc>,
    /// Events of this worker that wait for another try, those that are left out included.
    #[serde(skip)]
    pub total: i64,
}

/// Those of every worker, of each the [`MAX_EVENTS`] that have failed for longest.
pub async fn oldest(pool: &PgPool) -> Result<Vec<RetryingEvent>, sqlx::Error> {
    let mut rows: Vec<RetryingEvent> = sqlx::query_as(
        "SELECT worker, event_id, event_type, business_id, attempts, error, received_at, first_failed_at,
                next_attempt_at, total
         FROM (SELECT consumer AS worker, event_id, event_type, business_id, attempts,
                      coalesce(error_chain[array_upper(error_chain, 1)], '') AS error,
                      received_at, first_failed_at, next_attempt_at,
                      count(*) OVER (PARTITION BY consumer) AS total,
                      row_number() OVER (PARTITION BY consumer ORDER BY first_failed_at, stream_sequence) AS place
               FROM prosaas.event_retries) AS r
         WHERE place <= $1 ORDER BY worker, place",
    )
    .bind(MAX_EVENTS)
    .fetch_all(pool)
    .await?;
    for row in &mut rows {
        row.error = mask::sentence(&row.error);
    }
    Ok(rows)
}

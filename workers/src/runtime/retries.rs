//! Events that wait for another try, where operators see them at once
//! (`prosaas_dead_letters::retries` reads them).
//!
//! This is a report: what JetStream holds decides, and a row that could not be written or
//! removed changes nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::{Delivery, Meta};
use crate::text::storable;

/// How long the report may hold up the event's way back to the stream.
const LIMIT: Duration = Duration::from_secs(2);

/// Where retries are reported.
#[derive(Debug, Clone)]
pub struct Retries(Option<PgPool>);

impl Retries {
    /// In that database.
    pub const fn reported(pool: PgPool) -> Self {
        Self(Some(pool))
    }

    /// Nowhere.
    pub const fn unreported() -> Self {
        Self(None)
    }

    /// The event has failed and is tried again at `next`.
    pub(super) async fn add(
        &self,
        (consumer, delivery, meta): (&str, &Delivery, &Meta),
        errors: &[String],
        (now, next): (DateTime<Utc>, DateTime<Utc>),
    ) {
        let Some(pool) = &self.0 else { return };
        let errors: Vec<String> = errors.iter().map(|error| storable(error)).collect();
        // A stream that was made anew counts from 1 again: its first failure is the event's own.
        let added = sqlx::query!(
            "INSERT INTO prosaas.event_retries
                (consumer, stream_sequence, stream, event_id, event_type, business_id, attempts, error_chain,
                 received_at, first_failed_at, next_attempt_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT ON CONSTRAINT event_retries_pk DO UPDATE SET
                stream = $3, event_id = $4, event_type = $5, business_id = $6, attempts = $7, error_chain = $8,
                received_at = $9, next_attempt_at = $11,
                first_failed_at = CASE WHEN event_retries.event_id = $4 THEN event_retries.first_failed_at ELSE $10 END",
            consumer,
            signed(delivery.sequence),
            delivery.stream,
            storable(&meta.id),
            storable(&meta.event_type),
            meta.business.map(|business| business.0),
            signed(delivery.attempt),
            &errors,
            meta.time,
            now,
            next
        )
        .execute(pool);
        report(tokio::time::timeout(LIMIT, added).await);
    }

    /// The event has come to its end.
    pub(super) async fn end(&self, consumer: &str, delivery: &Delivery) {
        let Some(pool) = self.0.as_ref().filter(|_| delivery.attempt > 1) else { return };
        let gone = sqlx::query!(
            "DELETE FROM prosaas.event_retries WHERE consumer = $1 AND stream_sequence = $2",
            consumer,
            signed(delivery.sequence)
        )
        .execute(pool);
        report(tokio::time::timeout(LIMIT, gone).await);
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn report<T>(outcome: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>) {
    let error = match outcome {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => error.to_string(),
        Err(late) => late.to_string(),
    };
    tracing::debug!(event = "worker.retry_unreported", error, "operators do not see this retry");
}

//! What has had its time goes: processed marks, and events that every consumer
//! has acknowledged.

mod marks;
mod purge;

use std::time::Duration;

use async_nats::jetstream;
use prosaas_shared::{clock::SharedClock, subjects::Stream};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

pub use marks::forget_marks;
pub use purge::purge;

/// How often the jobs run. Several processes may: each job is idempotent.
const PERIOD: Duration = Duration::from_hours(1);

/// Runs every job, now and then, until `stop`.
pub async fn run(pool: PgPool, context: jetstream::Context, clock: SharedClock, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = once(&pool, &context, &clock) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

async fn once(pool: &PgPool, context: &jetstream::Context, clock: &SharedClock) {
    match forget_marks(pool).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(event = "job.marks_forgotten", rows, "old processed marks are gone"),
        Err(error) => tracing::warn!(event = "job.failed", job = "marks", %error, "a job comes again"),
    }
    for stream in Stream::ALL {
        match purge(context, stream, clock.now()).await {
            Ok(0) => {}
            Ok(events) => {
                tracing::info!(event = "job.purged", stream = stream.name(), events, "old events are gone");
            }
            Err(error) => {
                tracing::warn!(event = "job.failed", job = "purge", stream = stream.name(), %error, "a job comes again");
            }
        }
    }
}

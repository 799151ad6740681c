//! What has had its time goes: processed marks, events that every consumer has
//! acknowledged, leads in the trash, outcomes of commands.

mod dead_letters;
mod marks;
mod operations;
mod purge;
mod retries;
mod trash;

use std::time::Duration;

use async_nats::jetstream;
use prosaas_events::subjects::{ADVISORIES_STREAM, Stream};
use prosaas_platform::{clock::SharedClock, objects::Objects};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

pub use dead_letters::{forget_settled, settle_applied};
pub use marks::forget_marks;
pub use operations::forget_operations;
pub use purge::purge;
pub use retries::forget_retries;
pub use trash::empty_trash;

/// How often the jobs run. Several processes may: each job is idempotent.
const PERIOD: Duration = Duration::from_hours(1);

/// A recording that is being written is added to at least every half minute
/// (`twilio::client`): one that was not for so long has lost its writer.
const ABANDONED: Duration = Duration::from_hours(1);

/// Runs every job, now and then, until `stop`.
pub async fn run(
    pool: PgPool,
    context: jetstream::Context,
    objects: Objects,
    clock: SharedClock,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = once(&pool, &context, &objects, &clock) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

async fn once(pool: &PgPool, context: &jetstream::Context, objects: &Objects, clock: &SharedClock) {
    match forget_marks(pool).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(event = "job.marks_forgotten", rows, "old processed marks are gone"),
        Err(error) => tracing::warn!(event = "job.failed", job = "marks", %error, "a job comes again"),
    }
    match settle_applied(pool).await {
        Ok(0) => {}
        Ok(letters) => {
            tracing::info!(event = "job.dead_letters_settled", letters, "they were applied after all");
        }
        Err(error) => tracing::warn!(event = "job.failed", job = "settle", %error, "a job comes again"),
    }
    match forget_settled(pool).await {
        Ok(0) => {}
        Ok(letters) => {
            tracing::info!(event = "job.dead_letters_forgotten", letters, "old dead letters are gone");
        }
        Err(error) => tracing::warn!(event = "job.failed", job = "forget", %error, "a job comes again"),
    }
    match empty_trash(pool).await {
        Ok(0) => {}
        Ok(leads) => tracing::info!(event = "job.trash_emptied", leads, "leads have left the trash"),
        Err(error) => tracing::warn!(event = "job.failed", job = "trash", %error, "a job comes again"),
    }
    match forget_operations(pool).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(event = "job.operations_forgotten", rows, "old outcomes are gone"),
        Err(error) => tracing::warn!(event = "job.failed", job = "operations", %error, "a job comes again"),
    }
    match forget_retries(pool).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(event = "job.retries_forgotten", rows, "old reports of retries are gone"),
        Err(error) => tracing::warn!(event = "job.failed", job = "retries", %error, "a job comes again"),
    }
    match objects.sweep_unfinished(ABANDONED).await {
        Ok(0) => {}
        Ok(files) => {
            tracing::info!(event = "job.unfinished_swept", files, "half-written recordings are gone");
        }
        Err(error) => tracing::warn!(event = "job.failed", job = "unfinished", %error, "a job comes again"),
    }
    for stream in Stream::ALL.map(Stream::name).into_iter().chain([ADVISORIES_STREAM]) {
        match purge(context, stream, clock.now()).await {
            Ok(0) => {}
            Ok(events) => {
                tracing::info!(event = "job.purged", stream, events, "old events are gone");
            }
            Err(error) => {
                tracing::warn!(event = "job.failed", job = "purge", stream, %error, "a job comes again");
            }
        }
    }
}

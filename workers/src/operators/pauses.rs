//! Pauses: what people want stands in Postgres, and the consumers in NATS are made so.

use std::{sync::Arc, time::Duration};

use async_nats::{datetime::DateTime as DateTimeInNats, jetstream};
use chrono::{DateTime, Utc};
use prosaas_events::subjects::consumers;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    crm::refusal::{Refusal, Stop},
    runtime::Cause,
};

/// How often what is wanted is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// "Until somebody says otherwise": NATS wants a time. The year 2100.
const FAR: i64 = 4_102_444_800;

/// Longest pause that ends by itself, minutes: a week.
const MAX_MINUTES: u32 = 7 * 24 * 60;

/// Pauses a worker, for so many minutes where those are named, or has it go on. Returns
/// whether it was paused.
pub async fn set(
    connection: &mut PgConnection,
    worker: &str,
    pause: Option<Option<u32>>,
    reason: &str,
    by: &str,
) -> Result<bool, Stop> {
    let found = consumers::OF_EVENTS.into_iter().find(|(name, _)| *name == worker);
    let (name, stream) = match found {
        Some((consumers::OPS, _)) => return Err(not_pausable()),
        Some(found) => found,
        None if [consumers::DEAD_LETTERS, consumers::ADVISORIES].contains(&worker) => {
            return Err(not_pausable());
        }
        None => return Err(Refusal::not_found("worker").into()),
    };
    let minutes = pause.flatten();
    if minutes.is_some_and(|minutes| minutes == 0 || minutes > MAX_MINUTES) {
        return Err(Refusal::invalid("minutes", "range", "A pause lasts 1 to 10080 minutes.").into());
    }
    let was = sqlx::query_scalar!(
        r#"SELECT paused AND (paused_until IS NULL OR paused_until > now()) AS "paused!"
           FROM prosaas.worker_pauses WHERE consumer = $1 FOR UPDATE"#,
        name
    )
    .fetch_optional(&mut *connection)
    .await?
    .unwrap_or(false);
    sqlx::query!(
        "INSERT INTO prosaas.worker_pauses (consumer, stream, paused, paused_until, reason, changed_by)
         VALUES ($1, $2, $3, now() + make_interval(mins => $4::int), $5, $6)
         ON CONFLICT ON CONSTRAINT worker_pauses_pk DO UPDATE
             SET paused = $3, paused_until = now() + make_interval(mins => $4::int), reason = $5,
                 changed_by = $6, changed_at = now(), revision = worker_pauses.revision + 1",
        name,
        stream.name(),
        pause.is_some(),
        minutes.and_then(|minutes| i32::try_from(minutes).ok()),
        reason,
        by
    )
    .execute(connection)
    .await?;
    Ok(was)
}

fn not_pausable() -> Stop {
    Refusal::conflict("/problems/not-pausable", "Without this worker nobody could end the pause.").into()
}

/// Makes the consumers what people want.
#[derive(Clone)]
pub struct Pauses {
    /// The database.
    pub pool: PgPool,
    /// Where the consumers are.
    pub context: jetstream::Context,
    /// Something is wanted.
    pub wake: Arc<Notify>,
}

struct Wanted {
    consumer: String,
    stream: String,
    paused: bool,
    until: Option<DateTime<Utc>>,
    revision: i64,
}

impl Pauses {
    /// Does so until `stop`, beginning with everything that is paused.
    pub async fn run(self, stop: CancellationToken) {
        let mut all = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                done = self.apply(all) => match done {
                    Ok(()) => all = false,
                    Err(error) => tracing::warn!(event = "pause.waits", %error, "a pause is tried again"),
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Applies what NATS does not have yet; with `all` whatever is paused once more.
    pub async fn apply(&self, all: bool) -> Result<(), Cause> {
        let wanted = sqlx::query_as!(
            Wanted,
            r#"SELECT consumer, stream, paused, paused_until AS until, revision FROM prosaas.worker_pauses
               WHERE applied_revision < revision
                  OR ($1 AND paused AND (paused_until IS NULL OR paused_until > now()))"#,
            all
        )
        .fetch_all(&self.pool)
        .await?;
        for pause in wanted {
            let stream = self.context.get_stream_no_info(&pause.stream).await?;
            if pause.paused {
                let until = pause.until.map_or(FAR, |until| until.timestamp());
                let until = DateTimeInNats::from_unix_timestamp(until)?;
                stream.pause_consumer(&pause.consumer, until).await?;
            } else {
                stream.resume_consumer(&pause.consumer).await?;
            }
            sqlx::query!(
                "UPDATE prosaas.worker_pauses SET applied_revision = $2 WHERE consumer = $1",
                pause.consumer,
                pause.revision
            )
            .execute(&self.pool)
            .await?;
            tracing::info!(event = "pause.applied", consumer = pause.consumer, paused = pause.paused);
        }
        Ok(())
    }
}

//! Runs the replays that are open, each under a lease by the database's clock.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream;
use prosaas_events::subjects::{LiveKind, consumers};
use sqlx::PgPool;
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{claim::claim, job::Job, publish::publish_claimed, settle};
use crate::{
    live::{Live, Update},
    runtime::Cause,
};

/// How often open replays are looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Replays that one process runs at once.
const AT_ONCE: usize = 8;

/// Events claimed at once.
const BATCH: i64 = 1000;

/// Events that may be published and without a result: what a worker that is paused or away soon works off.
const IN_FLIGHT: std::ops::RangeInclusive<i64> = 500..=5000;

/// How long results are waited for between two looks.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What replays are run with.
#[derive(Clone)]
pub struct Runner {
    /// The database.
    pub pool: PgPool,
    /// Where events are published.
    pub context: jetstream::Context,
    /// Whoever is watching.
    pub live: Live,
    /// This process, as the lease names it.
    pub process: Arc<str>,
    /// A replay was asked for.
    pub wake: Arc<Notify>,
}

/// Runs replays until `stop`. Whoever drops this future breaks its replays off as well;
/// their leases then run out by themselves.
pub async fn run(runner: Runner, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    while !stop.is_cancelled() {
        while tasks.try_join_next().is_some() {}
        let room = tasks.len() < AT_ONCE;
        let found = if room { take(&runner).await } else { Ok(None) };
        match found {
            Ok(Some(job)) => {
                tasks.spawn(run_job(runner.clone(), job, stop.clone()));
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(event = "replay.unread", %error, "replays are looked for again"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = runner.wake.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// Takes a replay that is open and that nobody holds.
async fn take(runner: &Runner) -> Result<Option<Job>, sqlx::Error> {
    sqlx::query_as!(
        Job,
        r#"UPDATE prosaas.replay_jobs
         SET lease_owner = $1, lease_until = now() + interval '30 seconds',
             started_at = coalesce(started_at, now())
         WHERE id = (
             SELECT id FROM prosaas.replay_jobs
             WHERE finished_at IS NULL AND (lease_until IS NULL OR lease_until < now())
             ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, number, rate, kind = 'history' AS "again!",
                   kind = 'missing' AND selection ->> 'worker' = $2 AS "in_order!""#,
        &*runner.process,
        consumers::CRM
    )
    .fetch_optional(&runner.pool)
    .await
}

async fn run_job(runner: Runner, job: Job, stop: CancellationToken) {
    tracing::info!(event = "replay.runs", replay = job.number, "a replay runs");
    let mut told = Instant::now();
    let mut wait = SHORTEST_WAIT;
    while !stop.is_cancelled() {
        let began = Instant::now();
        let step = match step(&runner, job).await {
            Ok(Step::Ended) => break,
            Ok(step) => step,
            Err(error) => {
                tracing::warn!(event = "replay.waits", replay = job.number, %error, "a replay waits");
                Step::Idle
            }
        };
        wait = if let Step::Moved(_) = step { SHORTEST_WAIT } else { (wait * 2).min(LONGEST_WAIT) };
        if matches!(step, Step::Moved(_)) && told.elapsed() >= LOOK {
            told = Instant::now();
            tell(&runner, job, "replay.progress").await;
        }
        let pace = match step {
            Step::Moved(events) if events > 0 => pace(events, job.rate).saturating_sub(began.elapsed()),
            _ => wait,
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pace) => {}
        }
    }
    if let Err(error) = release(&runner, job).await {
        tracing::warn!(event = "replay.not_released", replay = job.number, %error, "the lease runs out by itself");
    }
    tell(&runner, job, "replay.progress").await;
}

/// How long so many events take at that rate.
fn pace(events: u64, rate: i32) -> Duration {
    let rate = u64::try_from(rate).unwrap_or(1).max(1);
    Duration::from_micros(events.saturating_mul(1_000_000) / rate)
}

enum Step {
    /// So many events were published; none where only results came.
    Moved(u64),
    /// Nothing happened.
    Idle,
    /// It is over, or another process has it.
    Ended,
}

async fn step(runner: &Runner, job: Job) -> Result<Step, Cause> {
    if !renew(runner, job).await? {
        return Ok(Step::Ended);
    }
    let settled = settle::settle(&runner.pool, job.id).await?;
    // What another process claimed and did not publish.
    let mut published = publish_claimed(&runner.pool, &runner.context, job).await?;
    let rate = i64::from(job.rate);
    let most = if job.in_order { 1 } else { (rate * 4).clamp(*IN_FLIGHT.start(), *IN_FLIGHT.end()) };
    let room = most - settle::in_flight(&runner.pool, job.id).await?;
    let mut looked = 0;
    if published == 0 && room > 0 {
        looked = claim(&runner.pool, job.id, room.min(BATCH).min(rate)).await?;
        published += publish_claimed(&runner.pool, &runner.context, job).await?;
    }
    if settle::finish(&runner.pool, job.id).await? {
        tracing::info!(event = "replay.ended", replay = job.number, "a replay has ended");
        return Ok(Step::Ended);
    }
    Ok(if published > 0 || looked > 0 || settled > 0 { Step::Moved(published) } else { Step::Idle })
}

/// Keeps the lease; false where it is lost or the replay is over.
async fn renew(runner: &Runner, job: Job) -> Result<bool, sqlx::Error> {
    let rows = sqlx::query!(
        "UPDATE prosaas.replay_jobs j
         SET lease_until = now() + interval '30 seconds',
             cursor = coalesce((SELECT min(i.position) - 1 FROM prosaas.replay_items i
                                WHERE i.job_id = j.id AND i.result = 'pending' AND i.position > j.cursor), j.total)
         WHERE j.id = $1 AND j.lease_owner = $2 AND j.finished_at IS NULL",
        job.id,
        &*runner.process
    )
    .execute(&runner.pool)
    .await?
    .rows_affected();
    Ok(rows == 1)
}

async fn release(runner: &Runner, job: Job) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.replay_jobs SET lease_owner = NULL, lease_until = NULL
         WHERE id = $1 AND lease_owner = $2",
        job.id,
        &*runner.process
    )
    .execute(&runner.pool)
    .await?;
    Ok(())
}

async fn tell(runner: &Runner, job: Job, action: &str) {
    runner.live.publish(Update::fact(None, LiveKind::Replay, job.id, action)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_pace() {
        assert_eq!(pace(50, 50), Duration::from_secs(1));
        assert_eq!(pace(250, 5000), Duration::from_millis(50));
        assert_eq!(pace(1, 1), Duration::from_secs(1));
    }
}

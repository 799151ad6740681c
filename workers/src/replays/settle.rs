//! How the events of a replay have ended.

use sqlx::PgPool;
use uuid::Uuid;

/// Notes what has succeeded: its processed mark is there. What has failed was noted
/// with its dead letter. Returns how many.
pub(super) async fn settle(pool: &PgPool, job: Uuid) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH done AS (
               UPDATE prosaas.replay_items i SET result = 'succeeded', error = NULL, settled_at = now()
               FROM prosaas.processed_events p
               WHERE i.job_id = $1 AND i.result IN ('claimed', 'in_flight')
                 AND p.consumer = i.consumer AND p.event_id = i.processed_key
               RETURNING i.dead_letter_id
           ), letters AS (
               UPDATE prosaas.dead_letters d
               SET state = 'replayed', settled_at = now(), settled_by = j.requested_by_name, settled_reason = j.reason
               FROM done, prosaas.replay_jobs j
               WHERE j.id = $1 AND d.id = done.dead_letter_id AND d.state = 'replaying'
           )
           SELECT count(*) AS "count!" FROM done"#,
        job
    )
    .fetch_one(pool)
    .await
}

/// How many are claimed and have no result yet.
pub(super) async fn in_flight(pool: &PgPool, job: Uuid) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM prosaas.replay_items 
           WHERE job_id = $1 AND result IN ('claimed', 'in_flight')"#,
        job
    )
    .fetch_one(pool)
    .await
}

/// Ends the replay when every event has its result; returns whether it has ended.
pub(super) async fn finish(pool: &PgPool, job: Uuid) -> Result<bool, sqlx::Error> {
    let rows = sqlx::query!(
        "UPDATE prosaas.replay_jobs
         SET state = CASE state WHEN 'running' THEN 'finished' ELSE state END, finished_at = now(),
             cursor = total, lease_owner = NULL, lease_until = NULL
         WHERE id = $1 AND finished_at IS NULL
           AND NOT EXISTS (SELECT FROM prosaas.replay_items
                           WHERE job_id = $1 AND result IN ('pending', 'claimed', 'in_flight'))",
        job
    )
    .execute(pool)
    .await?
    .rows_affected();
    Ok(rows == 1)
}

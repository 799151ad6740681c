//! Dead letters that need nobody any more.

use sqlx::PgPool;

/// Rows of one transaction.
const BATCH: u64 = 1000;

/// Closes dead letters whose events were applied after all by another way: the same
/// event had come twice, or its last run committed and was not heard. Returns how many.
pub async fn settle_applied(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let rows = sqlx::query!(
        "UPDATE prosaas.dead_letters d
         SET state = 'replayed', settled_at = now(), settled_by = 'system', settled_reason = 'applied after all'
         WHERE d.state = 'new' AND d.again IS NULL
           AND EXISTS (SELECT FROM prosaas.processed_events p
                       WHERE p.consumer = d.consumer AND p.event_id = d.event_id)"
    )
    .execute(pool)
    .await?;
    Ok(rows.rows_affected())
}

/// Deletes dead letters 120 days after they were settled, and replays as old; returns
/// how many dead letters. One that waits for a person stays.
pub async fn forget_settled(pool: &PgPool) -> Result<u64, sqlx::Error> {
    sqlx::query!("DELETE FROM prosaas.replay_jobs WHERE finished_at < now() - interval '120 days'")
        .execute(pool)
        .await?;
    let mut gone = 0;
    loop {
        let rows = sqlx::query!(
            "DELETE FROM prosaas.dead_letters WHERE id = ANY (ARRAY(
                 SELECT id FROM prosaas.dead_letters
                 WHERE settled_at < now() - interval '120 days' LIMIT 1000))"
        )
        .execute(pool)
        .await?
        .rows_affected();
        gone += rows;
        if rows < BATCH {
            return Ok(gone);
        }
    }
}

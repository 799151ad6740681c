//! The next events of a replay, claimed: from here on they are published, by this
//! process or the next.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Claims up to `limit` events in order; returns how many were looked at.
pub(super) async fn claim(pool: &PgPool, job: Uuid, limit: i64) -> Result<u64, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    // A cancelled replay has nothing pending; one that is being cancelled is waited for. Below the cursor nothing is
    // pending, only what the index has not forgotten yet.
    let positions = sqlx::query_scalar!(
        "SELECT position FROM prosaas.replay_items
         WHERE job_id = $1 AND result = 'pending' AND position > (SELECT cursor FROM prosaas.replay_jobs WHERE id = $1)
         ORDER BY position LIMIT $2 FOR UPDATE",
        job,
        limit
    )
    .fetch_all(&mut *transaction)
    .await?;
    if positions.is_empty() {
        return Ok(0);
    }
    already_applied(&mut transaction, job, &positions).await?;
    take_letters(&mut transaction, job, &positions).await?;
    take_history(&mut transaction, job, &positions).await?;
    transaction.commit().await?;
    Ok(positions.len() as u64)
}

/// What had half succeeded needs no second run.
async fn already_applied(
    connection: &mut PgConnection,
    job: Uuid,
    positions: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH done AS (
             UPDATE prosaas.replay_items i SET result = 'already_applied', settled_at = now()
             FROM prosaas.processed_events p
             WHERE i.job_id = $1 AND i.position = ANY ($2) AND i.result = 'pending'
               AND p.consumer = i.consumer AND p.event_id = i.processed_key
             RETURNING i.dead_letter_id
         )
         UPDATE prosaas.dead_letters d
         SET state = 'replayed', settled_at = now(), settled_by = 'system', settled_reason = 'applied after all'
         FROM done WHERE d.id = done.dead_letter_id AND d.state IN ('new', 'discarded')",
        job,
        positions
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Dead letters that are as they were when they were chosen; the others are skipped.
async fn take_letters(
    connection: &mut PgConnection,
    job: Uuid,
    positions: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH wanted AS (
             SELECT position, dead_letter_id, from_state FROM prosaas.replay_items
             WHERE job_id = $1 AND position = ANY ($2) AND result = 'pending' AND from_state IS NOT NULL
         ), taken AS (
             UPDATE prosaas.dead_letters d
             SET state = 'replaying', replays = d.replays + 1,
                 settled_at = NULL, settled_by = NULL, settled_reason = NULL
             FROM wanted w WHERE d.id = w.dead_letter_id AND d.state = w.from_state
             RETURNING d.id, d.replays
         )
         UPDATE prosaas.replay_items i
         SET result = CASE WHEN t.id IS NULL THEN 'skipped' ELSE 'claimed' END,
             error = CASE WHEN t.id IS NULL THEN 'it is not ' || i.from_state || ' any more' END,
             settled_at = CASE WHEN t.id IS NULL THEN now() END,
             published_at = CASE WHEN t.id IS NOT NULL THEN now() END,
             attempt = t.replays
         FROM wanted w LEFT JOIN taken t ON t.id = w.dead_letter_id
         WHERE i.job_id = $1 AND i.position = w.position",
        job,
        positions
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn take_history(
    connection: &mut PgConnection,
    job: Uuid,
    positions: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.replay_items SET result = 'claimed', published_at = now()
         WHERE job_id = $1 AND position = ANY ($2) AND result = 'pending' AND from_state IS NULL",
        job,
        positions
    )
    .execute(connection)
    .await?;
    Ok(())
}

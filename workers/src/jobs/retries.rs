//! Reports of retries whose event came to its end unseen.

use sqlx::PgPool;

/// Forgets events that were to be tried again a day ago and were not: each further failure
/// reports anew. Returns how many.
pub async fn forget_retries(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let rows =
        sqlx::query!("DELETE FROM prosaas.event_retries WHERE next_attempt_at < now() - interval '1 day'")
            .execute(pool)
            .await?;
    Ok(rows.rows_affected())
}

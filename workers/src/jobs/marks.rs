//! Processed marks live 120 days: longer than streams, dead letters and the
//! longest outage together.

use sqlx::PgPool;

/// Rows of one transaction.
const BATCH: u64 = 5000;

/// Deletes the marks that are too old; returns how many.
pub async fn forget_marks(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut gone = 0;
    loop {
        let rows = sqlx::query!(
            "DELETE FROM prosaas.processed_events WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM prosaas.processed_events
                 WHERE processed_at < now() - interval '120 days' LIMIT 5000))"
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

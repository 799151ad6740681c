//! Outcomes of commands that have had their time.

use sqlx::PgPool;

/// Deletes the outcomes of more than a week ago; returns how many there were.
///
/// Sessions, links, failed logins and idempotency keys are the ingress's: it removes them
/// itself (`api::upkeep`), after the terms that its rules need.
pub async fn forget_operations(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query!("DELETE FROM prosaas.operations WHERE finished_at < now() - interval '7 days'")
        .execute(pool)
        .await?;
    Ok(gone.rows_affected())
}

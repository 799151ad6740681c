//! Rows that have had their time, none of which anybody would look for.

use sqlx::PgPool;

/// Deletes them; returns how many of each table.
pub async fn forget_leftovers(pool: &PgPool) -> Result<[(&'static str, u64); 5], sqlx::Error> {
    let operations =
        sqlx::query!("DELETE FROM prosaas.operations WHERE finished_at < now() - interval '7 days'")
            .execute(pool)
            .await?;
    let keys =
        sqlx::query!("DELETE FROM prosaas.idempotency_keys WHERE created_at < now() - interval '24 hours'")
            .execute(pool)
            .await?;
    // Links and sessions stay in sight for a month after their end.
    let tokens = sqlx::query!(
        "DELETE FROM prosaas.single_use_tokens
         WHERE LEAST(used_at, expires_at) < now() - interval '30 days'"
    )
    .execute(pool)
    .await?;
    let sessions = sqlx::query!(
        "DELETE FROM prosaas.user_sessions WHERE LEAST(ended_at, expires_at) < now() - interval '30 days'"
    )
    .execute(pool)
    .await?;
    // Far beyond the time after which a failure no longer slows anybody.
    let attempts =
        sqlx::query!("DELETE FROM prosaas.login_attempts WHERE last_failure_at < now() - interval '30 days'")
            .execute(pool)
            .await?;
    Ok([
        ("operations", operations.rows_affected()),
        ("idempotency_keys", keys.rows_affected()),
        ("single_use_tokens", tokens.rows_affected()),
        ("user_sessions", sessions.rows_affected()),
        ("login_attempts", attempts.rows_affected()),
    ])
}

//! What the ingress keeps in Postgres and needs no more is removed, hourly.

use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::services::throttle::KNOWN_PLACE_DAYS;

/// How often.
const EVERY: Duration = Duration::from_hours(1);

/// Removes until `stopping`. Several ingresses may do so at once.
pub async fn run(database: PgPool, stopping: CancellationToken) {
    let mut timer = tokio::time::interval(EVERY);
    while stopping.run_until_cancelled(timer.tick()).await.is_some() {
        match once(&database).await {
            Ok(removed) => tracing::debug!(event = "api.upkeep", removed),
            Err(error) => tracing::warn!(event = "api.upkeep_failed", %error),
        }
    }
}

/// Removes once; returns how many rows went. Sessions that ended stay until 90 days after
/// their last use: they tell from where an account was used (`auth::throttle`).
pub async fn once(database: &PgPool) -> Result<u64, sqlx::Error> {
    let keys =
        sqlx::query!("DELETE FROM prosaas.idempotency_keys WHERE created_at < now() - interval '24 hours'");
    let attempts = sqlx::query!(
        "DELETE FROM prosaas.login_attempts WHERE last_failure_at < now() - interval '24 hours'"
    );
    let tokens =
        sqlx::query!("DELETE FROM prosaas.single_use_tokens WHERE expires_at < now() - interval '30 days'");
    let sessions = sqlx::query!(
        "DELETE FROM prosaas.user_sessions
         WHERE least(expires_at, ended_at) < now() AND last_seen_at < now() - make_interval(days => $1)",
        KNOWN_PLACE_DAYS
    );
    let mut removed = keys.execute(database).await?.rows_affected();
    removed += attempts.execute(database).await?.rows_affected();
    removed += tokens.execute(database).await?.rows_affected();
    removed += sessions.execute(database).await?.rows_affected();
    Ok(removed)
}

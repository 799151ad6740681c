//! For how long a place is known after the account was used there.

use anyhow::Result;
use http::StatusCode;
use prosaas_domain::rights::Role;
use prosaas_ingress::services::maintenance as upkeep;

use crate::support::{Ingress, PASSWORD};

/// Whether home is known during an attack, so many days after the last use: a stranger's
/// place waits after one wrong password.
async fn is_known_after(days: &str) -> Result<bool> {
    let ingress = Ingress::start().await?;
    ingress.person("dana", Role::SystemAdmin, None).await?;
    ingress.log_in("dana").await?;
    // It was used for a month, and ended by itself.
    sqlx::query(
        "UPDATE prosaas.user_sessions
         SET created_at = now() - ($1 || ' days')::interval - interval '30 days',
             last_seen_at = now() - ($1 || ' days')::interval,
             expires_at = now() - ($1 || ' days')::interval + interval '1 hour'",
    )
    .bind(days)
    .execute(&ingress.pool)
    .await?;
    upkeep::once(&ingress.pool).await?;
    for network in 0..25 {
        ingress.stranger(&format!("192.0.2.{network}")).try_password("dana", "a guess of many").await?;
    }
    let home = ingress.stranger("203.0.113.1");
    assert_eq!(home.try_password("dana", "mistyped this").await?.status, StatusCode::UNAUTHORIZED);
    Ok(home.try_password("dana", PASSWORD).await?.status == StatusCode::OK)
}

#[tokio::test]
async fn a_place_is_known_for_90_days_after_its_last_use() -> Result<()> {
    assert!(is_known_after("89").await?);
    assert!(!is_known_after("91").await?);
    Ok(())
}

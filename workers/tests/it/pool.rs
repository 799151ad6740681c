//! What a cancelled use leaves on a pooled connection.

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Waker},
};

use anyhow::Result;
use prosaas_shared::store;
use secrecy::SecretString;
use sqlx::{Connection as _, PgPool};

use crate::support::Database;

/// Begins and is broken off while the answer is on its way, unless it is there at once.
async fn break_off(pool: &PgPool, statement: &'static str) -> Result<bool> {
    let mut connection = pool.acquire().await?;
    let mut beginning = pin!(connection.begin_with(statement));
    Ok(beginning.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending())
}

#[tokio::test]
async fn a_begin_that_is_broken_off_leaves_no_transaction_to_the_next() -> Result<()> {
    let database = Database::migrated().await?;
    // One connection: whoever is next gets the same.
    let pool = store::connect(&SecretString::from(database.url().to_string()), 1).await?;
    for statement in ["BEGIN READ ONLY", "BEGIN"] {
        let mut broken = 0;
        for n in 0..20 {
            broken += u32::from(break_off(&pool, statement).await?);
            sqlx::query("INSERT INTO prosaas.processed_events (consumer, event_id) VALUES ($1, $2)")
                .bind(statement)
                .bind(n.to_string())
                .execute(&pool)
                .await?;
        }
        assert!(broken > 0, "nothing was broken off on its way");
        let kept: i64 =
            sqlx::query_scalar("SELECT count(*) FROM prosaas.processed_events WHERE consumer = $1")
                .bind(statement)
                .fetch_one(&database.pool)
                .await?;
        assert_eq!(kept, 20, "seen by others: {statement}");
    }
    Ok(())
}

//! What a cancelled use leaves on a pooled connection.

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Waker},
};

use anyhow::{Result, ensure};
use prosaas_platform::store;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection as _, PgPool};

use crate::support::Database;

/// The advisory lock for which the broken-off statements wait.
const HELD: i64 = 1;

/// Begins and is broken off while the answer is on its way: `HELD` lets none come.
async fn break_off(pool: &PgPool, statement: &str) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let waits = format!("{statement}; SELECT pg_advisory_xact_lock({HELD})");
    let mut beginning = pin!(connection.begin_with(AssertSqlSafe(waits)));
    let polled = beginning.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    ensure!(polled.is_pending(), "answered, though the lock is held");
    Ok(())
}

#[tokio::test]
async fn a_begin_that_is_broken_off_leaves_no_transaction_to_the_next() -> Result<()> {
    let database = Database::migrated().await?;
    // One connection: whoever is next gets the same.
    let pool = store::connect(&SecretString::from(database.url().to_string()), 1).await?;
    let mut holder = database.pool.acquire().await?;
    for statement in ["BEGIN READ ONLY", "BEGIN"] {
        for n in 0..20 {
            sqlx::query("SELECT pg_advisory_lock($1)").bind(HELD).execute(&mut *holder).await?;
            break_off(&pool, statement).await?;
            sqlx::query("SELECT pg_advisory_unlock($1)").bind(HELD).execute(&mut *holder).await?;
            sqlx::query("INSERT INTO prosaas.processed_events (consumer, event_id) VALUES ($1, $2)")
                .bind(statement)
                .bind(n.to_string())
                .execute(&pool)
                .await?;
        }
        let kept: i64 =
            sqlx::query_scalar("SELECT count(*) FROM prosaas.processed_events WHERE consumer = $1")
                .bind(statement)
                .fetch_one(&mut *holder)
                .await?;
        assert_eq!(kept, 20, "seen by others: {statement}");
    }
    Ok(())
}

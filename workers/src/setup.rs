//! What must be there before anything runs: tables, streams, a first business.
//! Every step may run again, also at the same time elsewhere.

use std::{io, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use async_nats::{Client, jetstream};
use prosaas_domain::{ids::BusinessId, phone::E164};
use prosaas_platform::{
    bus::{
        definitions::Definitions,
        durability::assert_durable,
        reconcile::{self, ApplyError, Outcome},
        store::Store,
    },
    store,
    versions::Versions,
};
use rustix::fs::statvfs;
use serde_json::json;
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use crate::audit::{self, Actor, Record};

/// Pause between two questions to a server that is not there yet.
const PAUSE: Duration = Duration::from_millis(500);

/// "My business": the first one's name, until its owner changes it.
const FIRST_NAME: &str = "העסק שלי";

/// Waits until Postgres answers, for at most `limit`. A wrong `DATABASE_URL` fails at once.
pub async fn wait_for_postgres(pool: &PgPool, limit: Duration) -> Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        let asked = sqlx::query("SELECT 1").execute(pool);
        // Not to have answered in time is to be out of reach, as when the pool says so.
        let answer = tokio::time::timeout_at(deadline, asked).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let Err(error) = answer else { return Ok(()) };
        if let Some(fault) = store::fault_of_setting(&error) {
            return Err(fault.into());
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(error).context(format!("Postgres (DATABASE_URL) did not answer within {limit:?}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Brings the tables up to date; gives back a newer release's versions, whose tables it left alone.
pub async fn migrate(pool: &PgPool) -> Result<Option<Versions>> {
    store::migrate(pool).await.context("the tables could not be brought up to date")
}

/// Makes streams, consumers and buckets what `nats/streams.toml` says, and fails
/// where the server would lose what it acknowledges. Waits for a server that is
/// away, for at most `limit`; what a person must decide fails at once. All of them together
/// may take `store` bytes.
pub async fn apply_streams(client: &Client, limit: Duration, store: u64) -> Result<Outcome> {
    let context = jetstream::new(client.clone());
    // The server's own limit comes first: a stream that does not fit below it is refused with 10047.
    patiently(limit, async || reconcile::answers(&context).await).await?;
    let server = Store::of(client).await.context(NOT_SET_UP)?;
    anyhow::ensure!(
        server.max >= store,
        "NATS_STORE_MAX_BYTES is {store} here, and nats-server runs with {}: start it again with the same",
        server.max
    );
    let outcome = patiently(limit, async || reconcile::apply(&context, store).await).await?;
    assert_durable(client, &context).await.context(NOT_SET_UP)?;
    Ok(outcome)
}

/// Fails unless the streams are those of this release, or of a newer one with which it works, and the
/// server keeps what it acknowledges. For processes that may not change definitions.
pub async fn verify_streams(client: &Client, limit: Duration) -> Result<()> {
    let context = jetstream::new(client.clone());
    let outcome = patiently(limit, async || reconcile::verify(&context).await).await?;
    if let Some(newer) = outcome.newer {
        let mine = Definitions::embedded()?.version;
        tracing::info!(event = "streams.newer", "streams: {}", newer.left_alone(mine));
    }
    assert_durable(client, &context).await.context(NOT_SET_UP)
}

/// What is wrong where neither the tables nor the settings are.
const NOT_SET_UP: &str = "the streams (NATS_URL) are not as they must be";

/// By how much the disk under nats-server's streams is too small for all that they may take.
pub fn disk_shortfall(store: Store, folder: &Path, wanted: u64) -> io::Result<u64> {
    let disk = statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    Ok(wanted.saturating_sub(store.used).saturating_sub(free))
}

/// Tries again while the server is away, for at most `limit`.
async fn patiently<T>(limit: Duration, work: impl AsyncFn() -> Result<T, ApplyError>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        match work().await {
            Ok(done) => return Ok(done),
            Err(error @ ApplyError::Server { .. }) if Instant::now() + PAUSE < deadline => {
                tracing::warn!(event = "setup.nats_waits", %error, "NATS is not ready");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error).context(NOT_SET_UP),
        }
    }
}

/// Makes the first business, which owns the number, where there is none at all.
pub async fn first_business(pool: &PgPool, number: &E164) -> Result<Option<BusinessId>, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('prosaas.first_business', 0))")
        .execute(&mut *transaction)
        .await?;
    let some = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM prosaas.businesses) AS "some!""#)
        .fetch_one(&mut *transaction)
        .await?;
    if some {
        return Ok(None);
    }
    let business = BusinessId(Uuid::now_v7());
    sqlx::query!("INSERT INTO prosaas.businesses (id, name) VALUES ($1, $2)", business.0, FIRST_NAME)
        .execute(&mut *transaction)
        .await?;
    sqlx::query!(
        "INSERT INTO prosaas.business_numbers (id, business_id, e164) VALUES ($1, $2, $3)",
        Uuid::now_v7(),
        business.0,
        number.as_str()
    )
    .execute(&mut *transaction)
    .await?;
    let record = Record {
        business: Some(business),
        actor: &Actor::system("setup"),
        request: None,
        event_id: None,
        action: "business.create",
        entity_type: "business",
        entity_id: &business.to_string(),
        before: None,
        after: Some(json!({ "name": FIRST_NAME, "numbers": [number] })),
    };
    audit::write(&mut transaction, record).await?;
    transaction.commit().await?;
    Ok(Some(business))
}

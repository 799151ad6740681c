//! Call settings, from the command to the bucket that every ingress watches.

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use prosaas_shared::{
    call_config::{CallConfig, CallMode, CallSettings},
    events::crm::business::BusinessConfigureV1,
    ids::BusinessId,
    phone::E164,
    subjects::{CALL_CONFIG_BUCKET, call_config_key},
};
use prosaas_workers::{
    crm::{
        configure::configure,
        projector::{Projected, Projector},
    },
    runtime::{Done, Failure, Meta},
    setup,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Database, Nats};

fn meta(id: &str) -> Meta {
    Meta {
        id: id.to_owned(),
        event_type: String::new(),
        source: "/api".to_owned(),
        time: DateTime::<Utc>::UNIX_EPOCH,
        business: None,
        actor: None,
        traceparent: None,
    }
}

fn command(
    business_id: BusinessId,
    expected_revision: Option<i64>,
    max_message_s: u16,
) -> BusinessConfigureV1 {
    let settings = CallSettings { max_message_s, ..CallSettings::default() };
    BusinessConfigureV1 { business_id, name: None, time_zone: None, expected_revision, settings }
}

async fn first(pool: &PgPool) -> Result<BusinessId> {
    let number = E164::parse("+97231111111")?;
    let made = setup::first_business(pool, &number).await?.context("the first one")?;
    assert_eq!(setup::first_business(pool, &number).await?, None, "only where there is none");
    Ok(made)
}

#[tokio::test]
async fn settings_change_once_and_a_stale_or_invalid_command_changes_nothing() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    let business = first(pool).await?;
    let run = |id: &'static str, command: BusinessConfigureV1| async move {
        configure(pool, "crm", 1, &meta(id), &command).await
    };
    assert!(matches!(run("a", command(business, Some(1), 60)).await, Ok(Done::Applied)));
    assert!(matches!(run("a", command(business, Some(1), 60)).await, Ok(Done::AlreadyApplied)));
    assert!(
        matches!(run("b", command(business, Some(1), 90)).await, Ok(Done::Applied)),
        "refused, and that is noted"
    );
    let mut invalid = command(business, None, 90);
    invalid.settings.mode = CallMode::Forward;
    assert!(matches!(run("c", invalid).await, Ok(Done::Applied)));
    let row: (i64, serde_json::Value) =
        sqlx::query_as("SELECT call_settings_revision, call_settings FROM prosaas.businesses")
            .fetch_one(pool)
            .await?;
    assert_eq!((row.0, row.1.get("max_message_s").and_then(serde_json::Value::as_i64)), (2, Some(60)));
    let actions: Vec<String> = sqlx::query_scalar("SELECT action FROM prosaas.audit_records ORDER BY at, id")
        .fetch_all(pool)
        .await?;
    assert_eq!(
        actions,
        ["business.create", "business.configure", "business.configure_refused", "business.configure_refused"]
    );
    let unknown = command(BusinessId(Uuid::now_v7()), None, 60);
    assert!(matches!(run("d", unknown.clone()).await, Err(Failure::Retry { .. })));
    assert!(matches!(configure(pool, "crm", 7, &meta("d"), &unknown).await, Err(Failure::Fail(_))));
    Ok(())
}

#[tokio::test]
async fn the_bucket_follows_postgres_and_never_goes_back() -> Result<()> {
    let (database, nats) = (Database::migrated().await?, Nats::start().await?);
    let pool = &database.pool;
    let business = first(pool).await?;
    let projector = Projector::new(pool.clone(), nats.bus.jetstream.clone());
    let bucket = nats.ops.get_key_value(CALL_CONFIG_BUCKET).await?;
    let held = || async {
        let value = bucket.get(call_config_key(business)).await?;
        anyhow::Ok(value.map(|v| serde_json::from_slice::<CallConfig>(&v)).transpose()?)
    };
    let all = || async { projector.project_all().await.map_err(anyhow::Error::from_boxed) };
    assert_eq!((all().await?, all().await?), (1, 0));
    let config = held().await?.context("a configuration")?;
    assert_eq!((config.revision, config.numbers.len()), (1, 1));
    configure(pool, "crm", 1, &meta("a"), &command(business, None, 77))
        .await
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    let done = projector.project(business).await.map_err(anyhow::Error::from_boxed)?;
    assert_eq!(done, Projected::Written);
    assert_eq!(held().await?.map(|c| (c.revision, c.settings.max_message_s)), Some((2, 77)));
    sqlx::query("UPDATE prosaas.businesses SET call_settings_revision = 1").execute(pool).await?;
    assert_eq!(all().await?, 0, "an older revision stays out");
    assert_eq!(held().await?.map(|c| c.revision), Some(2));
    sqlx::query("UPDATE prosaas.businesses SET active = false").execute(pool).await?;
    assert_eq!((all().await?, all().await?), (1, 0));
    assert!(held().await?.is_none(), "a business that is closed leaves the bucket");
    sqlx::query("UPDATE prosaas.businesses SET active = true, call_settings_revision = 3")
        .execute(pool)
        .await?;
    assert_eq!(all().await?, 1);
    assert_eq!(held().await?.map(|c| c.revision), Some(3));
    Ok(())
}

//! Businesses: their settings, numbers and rest, up to the bucket that every ingress watches.

use anyhow::{Context as _, Result};
use async_nats::jetstream::kv::Store;
use prosaas_domain::{
    call_config::{CallConfig, CallMode, CallSettings, ForNow},
    ids::BusinessId,
    phone::E164,
};
use prosaas_events::{
    crm::business::{BusinessConfigureV1, BusinessCreateV1, BusinessSetActiveV1, BusinessSetNumbersV1},
    subjects::{CALL_CONFIG_BUCKET, call_config_key},
};
use prosaas_workers::{
    crm::projector::{Projected, Projector},
    live::Live,
    setup,
};
use serde_json::json;
use uuid::Uuid;

use super::{Crm, session};
use crate::support::{Database, Nats};

fn settings(
    business_id: BusinessId,
    expected_revision: Option<i64>,
    max_message_s: u16,
) -> BusinessConfigureV1 {
    let settings = CallSettings { max_message_s, ..CallSettings::default() };
    BusinessConfigureV1 { business_id, name: None, time_zone: None, expected_revision, settings }
}

fn numbers(texts: &[&str]) -> Result<Vec<E164>> {
    Ok(texts.iter().map(|text| E164::parse(text)).collect::<Result<_, _>>()?)
}

fn taken_in(name: &str, texts: &[&str]) -> Result<BusinessCreateV1> {
    Ok(BusinessCreateV1 {
        business_id: BusinessId(Uuid::now_v7()),
        name: name.to_owned(),
        time_zone: chrono_tz::Asia::Jerusalem,
        numbers: numbers(texts)?,
    })
}

async fn held(bucket: &Store, business: BusinessId) -> Result<Option<CallConfig>> {
    let value = bucket.get(call_config_key(business)).await?;
    Ok(value.map(|v| serde_json::from_slice(&v)).transpose()?)
}

#[tokio::test]
async fn settings_reach_the_bucket_and_a_stale_or_invalid_command_changes_nothing() -> Result<()> {
    let nats = Nats::start().await?;
    let crm = Crm::on(nats.bus.jetstream.clone(), Live::silent()).await?;
    let bucket = nats.ops.get_key_value(CALL_CONFIG_BUCKET).await?;
    let done = crm.own(crm.owner, settings(crm.business, Some(1), 60)).await?;
    assert_eq!(done.result, Some(json!({ "revision": 2 })));
    let config = held(&bucket, crm.business).await?.context("a configuration")?;
    assert_eq!((config.revision, config.settings.max_message_s), (2, 60));
    let stale = crm.own(crm.owner, settings(crm.business, Some(1), 90)).await?;
    assert_eq!((stale.status(), stale.kind()), (412, "/problems/version"));
    let mut invalid = settings(crm.business, None, 90);
    invalid.settings.mode = CallMode::Forward;
    let refused = crm.own(crm.owner, invalid).await?;
    let problem = refused.problem.clone().unwrap_or_default();
    assert_eq!((refused.status(), &problem["errors"][0]["field"]), (422, &json!("targets")));
    let mut endless = settings(crm.business, None, 90);
    endless.settings.for_now = Some(ForNow { open: true, until: chrono::DateTime::<chrono::Utc>::MAX_UTC });
    let refused = crm.own(crm.owner, endless).await?;
    let problem = refused.problem.clone().unwrap_or_default();
    assert_eq!((refused.status(), &problem["errors"][0]["code"]), (422, &json!("too_far")));
    assert_eq!(crm.own(crm.manager, settings(crm.business, None, 90)).await?.status(), 403);
    assert_eq!(held(&bucket, crm.business).await?.map(|c| c.revision), Some(2));
    assert_eq!(crm.actions().await?, ["business.configure"]);
    Ok(())
}

#[tokio::test]
async fn a_number_has_one_owner_and_a_resting_business_answers_no_more() -> Result<()> {
    let nats = Nats::start().await?;
    let crm = Crm::on(nats.bus.jetstream.clone(), Live::silent()).await?;
    let bucket = nats.ops.get_key_value(CALL_CONFIG_BUCKET).await?;
    let (one, two, three) = ("+97231111111", "+97232222222", "+97233333333");
    let args = taken_in(" Bakery ", &[one, two, one])?;
    let bakery = args.business_id;
    assert_eq!(crm.own(crm.owner, args.clone()).await?.status(), 403);
    assert_eq!(crm.send(crm.admin, None, args.clone()).await?.status(), 200);
    let config = held(&bucket, bakery).await?.context("a configuration")?;
    assert_eq!((config.business_name.as_str(), config.numbers), ("Bakery", numbers(&[one, two])?));
    assert_eq!(crm.send(crm.admin, None, args).await?.kind(), "/problems/exists");
    let taken = crm.send(crm.admin, None, taken_in("Thief", &[two])?).await?;
    assert_eq!(taken.kind(), "/problems/number-taken");
    let problem = taken.problem.clone().unwrap_or_default();
    assert_eq!(
        (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
        (&json!("numbers"), &json!("taken"))
    );
    assert_eq!(crm.send(crm.admin, None, taken_in(" ", &[])?).await?.status(), 422);
    assert_eq!(crm.send(crm.admin, None, taken_in("Dana\u{202e}", &[])?).await?.status(), 422);
    let nobody_s = taken_in("Typo", &["+9720547000109"])?;
    assert_eq!(crm.send(crm.admin, None, nobody_s).await?.status(), 422, "no call would be answered");
    assert!(crm.database.count("SELECT count(*) FROM prosaas.businesses").await? == 2);

    let set = |business_id, texts: &[&str]| {
        anyhow::Ok(BusinessSetNumbersV1 { business_id, numbers: numbers(texts)? })
    };
    assert_eq!(crm.send(crm.admin, None, set(crm.business, &[two])?).await?.kind(), "/problems/number-taken");
    assert_eq!(crm.send(crm.admin, Some(bakery), set(bakery, &[two, three])?).await?.status(), 200);
    assert_eq!(
        held(&bucket, bakery).await?.map(|c| (c.revision, c.numbers)),
        Some((2, numbers(&[two, three])?))
    );
    assert_eq!(crm.send(crm.admin, None, set(crm.business, &[one])?).await?.status(), 200, "it was released");
    assert_eq!(crm.own(crm.owner, set(crm.business, &[])?).await?.status(), 403);

    session(crm.pool(), crm.owner).await?;
    session(crm.pool(), crm.admin).await?;
    let rest = |active| BusinessSetActiveV1 { business_id: crm.business, active };
    assert_eq!(crm.own(crm.owner, rest(false)).await?.status(), 403);
    assert_eq!(crm.send(crm.admin, None, rest(false)).await?.status(), 200);
    let open = "SELECT count(*) FROM prosaas.user_sessions WHERE ended_at IS NULL";
    assert_eq!(crm.database.count(open).await?, 1, "the admin's");
    assert!(held(&bucket, crm.business).await?.is_none());
    assert_eq!(crm.send(crm.admin, None, rest(false)).await?.status(), 200, "that is how it stands");
    assert_eq!(
        crm.send(crm.admin, Some(crm.business), settings(crm.business, None, 77)).await?.status(),
        200
    );
    assert!(held(&bucket, crm.business).await?.is_none(), "settings wake nobody");
    assert_eq!(crm.send(crm.admin, None, rest(true)).await?.status(), 200);
    let config = held(&bucket, crm.business).await?.context("a configuration")?;
    assert_eq!((config.settings.max_message_s, config.numbers), (77, numbers(&[one])?));
    let records = crm.actions().await?;
    assert_eq!(records.iter().filter(|action| *action == "business.set_active").count(), 2);
    Ok(())
}

#[tokio::test]
async fn the_bucket_follows_postgres_and_never_goes_back() -> Result<()> {
    let (database, nats) = (Database::migrated().await?, Nats::start().await?);
    let pool = &database.pool;
    let number = E164::parse("+97231111111")?;
    let business = setup::first_business(pool, &number).await?.context("the first one")?;
    assert_eq!(setup::first_business(pool, &number).await?, None, "only where there is none");
    let projector = Projector::new(pool.clone(), nats.bus.jetstream.clone());
    let bucket = nats.ops.get_key_value(CALL_CONFIG_BUCKET).await?;
    let held = || held(&bucket, business);
    let all = || async { projector.project_all().await.map_err(anyhow::Error::from_boxed) };
    assert_eq!((all().await?, all().await?), (1, 0));
    let config = held().await?.context("a configuration")?;
    assert_eq!((config.revision, config.numbers.len()), (1, 1));
    sqlx::query("UPDATE prosaas.businesses SET call_settings_revision = 2, name = 'Dana'")
        .execute(pool)
        .await?;
    let done = projector.project(business).await.map_err(anyhow::Error::from_boxed)?;
    assert_eq!(done, Projected::Written);
    assert_eq!(held().await?.map(|c| (c.revision, c.business_name)), Some((2, "Dana".to_owned())));
    // A backup is restored: of before the change, and of another change with the same number.
    for (revision, name) in [(1, "Restored"), (3, "Changed"), (2, "Again")] {
        sqlx::query("UPDATE prosaas.businesses SET call_settings_revision = $1, name = $2")
            .bind(revision)
            .bind(name)
            .execute(pool)
            .await?;
        let before = held().await?.context("a configuration")?.revision;
        assert_eq!((all().await?, all().await?), (1, 0), "{name}");
        let after = held().await?.context("a configuration")?;
        assert_eq!((after.revision, after.business_name.as_str()), (before + 1, name));
        let stored: i64 = sqlx::query_scalar("SELECT call_settings_revision FROM prosaas.businesses")
            .fetch_one(pool)
            .await?;
        assert_eq!(stored, after.revision);
    }
    sqlx::query(
        r#"UPDATE prosaas.businesses SET call_settings = '{"fax": {"1": "sales"}, "max_message_s": 61}'"#,
    )
    .execute(pool)
    .await?;
    assert_eq!(all().await?, 1, "what a newer release added is passed over");
    assert_eq!(held().await?.map(|c| c.settings.max_message_s), Some(61));
    sqlx::query(r#"UPDATE prosaas.businesses SET call_settings = '{"mode": "menu"}'"#).execute(pool).await?;
    assert_eq!(all().await?, 0, "what cannot be read changes nothing");
    assert_eq!(held().await?.map(|c| c.settings.max_message_s), Some(61));
    sqlx::query("UPDATE prosaas.businesses SET call_settings = '{}'").execute(pool).await?;
    sqlx::query("UPDATE prosaas.businesses SET active = false").execute(pool).await?;
    assert_eq!((all().await?, all().await?), (1, 0));
    assert!(held().await?.is_none(), "a business that is closed leaves the bucket");
    sqlx::query("UPDATE prosaas.businesses SET active = true, call_settings_revision = 9")
        .execute(pool)
        .await?;
    assert_eq!(all().await?, 1);
    assert_eq!(held().await?.map(|c| c.revision), Some(9));
    Ok(())
}

//! One who asks for much does not take everything.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream::FuturesUnordered};
use http::{StatusCode, header};
use prosaas_domain::rights::Role;
use prosaas_ingress::services::planned_reads::PlannedReads;
use prosaas_tests::eventually::becomes;

use crate::support::{Client, Ingress};

/// Everybody else is served while the audit's searches do not come to an end.
async fn others_are_served(ingress: &Ingress, colleague: &Client<'_>, other: &Client<'_>) -> Result<()> {
    for (who, path) in [(colleague, "/api/auth/me"), (other, "/api/leads"), (other, "/api/summary")] {
        let answer = who.get(path).await?;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    }
    assert_eq!(ingress.stranger("198.51.100.9").try_password("omer", "wrong one").await?.status, 401);
    Ok(())
}

/// Until it is rolled back, no read of the audit records ends.
async fn lock_audit_records(ingress: &Ingress) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
    let mut lock = ingress.pool.begin().await?;
    sqlx::query("LOCK TABLE prosaas.audit_records IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    Ok(lock)
}

#[tokio::test]
async fn twenty_searches_at_once_starve_nobody() -> Result<()> {
    // A read that has its turn keeps it for longer than this test takes.
    let limits = (Duration::from_secs(2), Duration::from_mins(5));
    let reads = |pool| PlannedReads::new(pool).with_limits(limits.0, limits.1);
    let ingress = Ingress::with(|api| api.reads = reads(api.database.clone())).await?;
    let (shop, elsewhere) = (ingress.business("Shop").await?, ingress.business("Elsewhere").await?);
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    ingress.person("dana", Role::Manager, Some(shop)).await?;
    ingress.person("noa", Role::Owner, Some(elsewhere)).await?;
    let (omer, dana, noa) =
        (ingress.log_in("omer").await?, ingress.log_in("dana").await?, ingress.log_in("noa").await?);
    let path = format!("/api/businesses/{shop}/audit?entity_type=nothing");

    let lock = lock_audit_records(&ingress).await?;
    let mut searches: FuturesUnordered<_> = (0..20).map(|_| omer.get(&path)).collect();
    let (refused, served) = tokio::join!(
        searches.by_ref().take(18).try_collect::<Vec<_>>(),
        others_are_served(&ingress, &dana, &noa)
    );
    served?;
    for answer in refused? {
        assert_eq!((answer.status.as_u16(), answer.kind()), (429, "/problems/too-many-requests"));
        let wait = answer.headers.get(header::RETRY_AFTER).context("no Retry-After")?;
        assert!(wait.to_str()?.parse::<u32>()? <= 5);
    }
    // The session's two turns were used, and are all that it took.
    others_are_served(&ingress, &dana, &noa).await?;
    lock.rollback().await?;
    for answer in searches.try_collect::<Vec<_>>().await? {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    // A client that hangs up does not end what Postgres does.
    let lock = lock_audit_records(&ingress).await?;
    for _ in 0..20 {
        let hung_up = tokio::time::timeout(Duration::from_millis(20), omer.get(&path)).await;
        assert!(hung_up.is_err(), "{hung_up:?}");
    }
    others_are_served(&ingress, &dana, &noa).await?;
    lock.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn a_filter_that_means_few_audit_records_reads_an_index() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    let omer = ingress.log_in("omer").await?;
    sqlx::raw_sql(
        "INSERT INTO prosaas.audit_records
            (id, business_id, actor_id, actor_name, action, entity_type, entity_id)
         SELECT gen_random_uuid(), b.id, gen_random_uuid(), 'x', 'call.status', 'call', n::text
         FROM prosaas.businesses b, generate_series(1, 20000) n;
         ANALYZE prosaas.audit_records",
    )
    .execute(&ingress.pool)
    .await?;
    for (filter, index) in [
        ("entity_id=nothing", "audit_records_thing_ix"),
        ("action=nothing.", "audit_records_action_ix"),
        ("actor_id=00000000-0000-7000-8000-000000000009", "audit_records_actor_ix"),
    ] {
        let found = omer.get(&format!("/api/businesses/{shop}/audit?{filter}")).await?;
        assert_eq!((found.status, &found.body["items"]), (StatusCode::OK, &serde_json::json!([])));
        // The figures are Postgres's own, and some seconds late.
        becomes(index, Duration::from_secs(30), true, || async {
            let read =
                "SELECT coalesce(sum(idx_scan), 0) > 0 FROM pg_stat_user_indexes WHERE indexrelname = $1";
            Ok(sqlx::query_scalar(read).bind(index).fetch_one(&ingress.pool).await?)
        })
        .await?;
    }
    Ok(())
}

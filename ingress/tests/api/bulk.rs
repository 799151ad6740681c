//! What commands for many leads cost.

use anyhow::Result;
use http::{StatusCode, header};
use prosaas_domain::{ids::BusinessId, rights::Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Ingress, tight};

/// Two leads of the business, as a bulk command names them.
async fn leads(ingress: &Ingress, business: BusinessId) -> Result<Value> {
    let ids = [Uuid::now_v7(), Uuid::now_v7()];
    sqlx::query(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         SELECT id, $2, 'many', 'import', now(), now() FROM unnest($1::uuid[]) AS id",
    )
    .bind(ids.as_slice())
    .bind(business.0)
    .execute(&ingress.pool)
    .await?;
    Ok(json!({ "ids": ids }))
}

#[tokio::test]
async fn a_business_pays_for_each_lead_and_for_nobody_elses() -> Result<()> {
    let ingress = Ingress::with(|api| api.limits = tight()).await?;
    let (one, other) = (ingress.business("one").await?, ingress.business("other").await?);
    let (of_one, of_other) = (leads(&ingress, one).await?, leads(&ingress, other).await?);
    ingress.person("dana", Role::Owner, Some(one)).await?;
    ingress.person("noa", Role::Owner, Some(other)).await?;
    let (dana, noa) = (ingress.log_in("dana").await?, ingress.log_in("noa").await?);
    assert_eq!(dana.post("/api/leads/bulk-delete", of_one.clone()).await?.status, StatusCode::ACCEPTED);
    let refused = dana.post("/api/leads/bulk-restore", of_one.clone()).await?;
    assert_eq!(
        (refused.status, refused.kind()),
        (StatusCode::TOO_MANY_REQUESTS, "/problems/too-many-requests")
    );
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(noa.post("/api/leads/bulk-delete", of_other).await?.status, StatusCode::ACCEPTED);
    let kept = ingress.kept().await?;
    assert_eq!(kept.len(), 2, "what was refused was not kept: {kept:?}");
    Ok(())
}

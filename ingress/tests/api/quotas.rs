//! How many strangers a business can have mailed.

use anyhow::Result;
use http::{StatusCode, header};
use prosaas_domain::{ids::BusinessId, rights::Role};
use serde_json::json;

use crate::support::{Answer, Client, Ingress};

/// Invites somebody whom nobody has invited.
async fn invite(owner: &Client<'_>, shop: BusinessId, n: usize) -> Result<Answer> {
    let path = format!("/api/businesses/{shop}/invitations");
    owner.post(&path, json!({ "email": format!("new{n}@elsewhere.example"), "role": "agent" })).await
}

#[tokio::test]
async fn a_business_invites_fifty_people_a_day() -> Result<()> {
    let ingress = Ingress::start().await?;
    let (shop, other) = (ingress.business("Shop").await?, ingress.business("Other").await?);
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    ingress.person("dana", Role::Owner, Some(other)).await?;
    let (omer, dana) = (ingress.log_in("omer").await?, ingress.log_in("dana").await?);
    // The first of 46 was two hours ago; used or withdrawn, a mail was sent.
    sqlx::query(
        "INSERT INTO prosaas.single_use_tokens
            (id, kind, token_hash, business_id, user_id, email, role, created_by, created_at, expires_at, used_at)
         SELECT gen_random_uuid(), 'invitation', decode(lpad(to_hex(n), 64, '0'), 'hex'), $1, gen_random_uuid(),
                'a@b', 'agent', gen_random_uuid(), now() - n * interval '2 minutes', now() + interval '7 days', now()
         FROM generate_series(15, 60) n",
    )
    .bind(shop.0)
    .execute(&ingress.pool)
    .await?;

    let at_once = futures_util::future::try_join_all((0..10).map(|n| invite(&omer, shop, n))).await?;
    let refused: Vec<_> = at_once.iter().filter(|answer| answer.status != StatusCode::CREATED).collect();
    assert_eq!(refused.len(), 6, "many at once gain nothing: {at_once:?}");
    for answer in refused {
        assert_eq!(
            (answer.status, answer.kind()),
            (StatusCode::TOO_MANY_REQUESTS, "/problems/invitation-quota")
        );
        let wait: u32 = answer.headers[header::RETRY_AFTER].to_str()?.parse()?;
        assert!((79_000..=79_200).contains(&wait), "until the first is a day old: {wait}");
    }
    let audit = "SELECT count(*) FROM prosaas.audit_records WHERE action = 'invitation.create'";
    assert_eq!(ingress.count(audit).await?, 4);
    assert_eq!(invite(&dana, other, 11).await?.status, StatusCode::CREATED, "another's is another's");

    ingress
        .run(
            "UPDATE prosaas.single_use_tokens SET created_at = created_at - interval '1 day'
             WHERE created_at = (SELECT min(created_at) FROM prosaas.single_use_tokens)",
        )
        .await?;
    assert_eq!(invite(&omer, shop, 12).await?.status, StatusCode::CREATED);
    assert_eq!(invite(&omer, shop, 13).await?.status, StatusCode::TOO_MANY_REQUESTS);
    Ok(())
}

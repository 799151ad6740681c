//! People who take calls: theirs is a part of how the business answers, and no call goes round.

use anyhow::{Context as _, Result};
use async_nats::jetstream::kv::Store;
use chrono::{DateTime, TimeDelta, Utc};
use prosaas_domain::{
    call_config::{CallConfig, CallMode, CallSettings, Target, Who},
    ids::{BusinessId, UserId},
    phone::E164,
};
use prosaas_events::{
    crm::{
        business::{BusinessConfigureV1, BusinessCreateV1},
        user::{UserDeleteV1, UserRestoreV1, UserSetAvailabilityV1},
    },
    subjects::{CALL_CONFIG_BUCKET, call_config_key},
};
use prosaas_workers::live::Live;
use serde_json::json;
use uuid::Uuid;

use super::{Crm, person};
use crate::support::Nats;

const NUMBER: &str = "+972541234567";

/// When [`super::command`] is asked for.
const ASKED: DateTime<Utc> = DateTime::from_timestamp(1_750_000_000, 0).unwrap();

async fn held(bucket: &Store, business: BusinessId) -> Result<CallConfig> {
    let value = bucket.get(call_config_key(business)).await?.context("a configuration")?;
    Ok(serde_json::from_slice(&value)?)
}

fn takes_calls(crm: &Crm, user_id: UserId, number: &str) -> Result<UserSetAvailabilityV1> {
    let number = Some(E164::parse(number)?);
    Ok(UserSetAvailabilityV1 { business_id: crm.business, user_id, number, hours: None, not_before: None })
}

fn rings(business_id: BusinessId, who: impl IntoIterator<Item = Who>) -> BusinessConfigureV1 {
    let targets = who.into_iter().map(|who| Target { who, ask: None, timeout_s: None }).collect();
    let settings = CallSettings { mode: CallMode::Forward, targets, ..CallSettings::default() };
    BusinessConfigureV1 { business_id, name: None, time_zone: None, expected_revision: None, settings }
}

#[tokio::test]
async fn who_takes_calls_reaches_the_bucket_until_they_leave() -> Result<()> {
    let nats = Nats::start().await?;
    let crm = Crm::on(nats.bus.jetstream.clone(), Live::silent()).await?;
    let bucket = nats.ops.get_key_value(CALL_CONFIG_BUCKET).await?;
    let nobody = crm.own(crm.owner, rings(crm.business, [Who::Member(crm.agent)])).await?;
    let problem = nobody.problem.clone().unwrap_or_default();
    assert_eq!(
        (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
        (&json!("targets[0].who"), &json!("not_reachable"))
    );
    assert_eq!(crm.own(crm.agent, takes_calls(&crm, crm.agent, NUMBER)?).await?.status(), 200, "their own");
    let config = held(&bucket, crm.business).await?;
    assert_eq!((config.revision, config.people.len()), (2, 1));
    assert_eq!((config.people[0].user_id, config.people[0].number.as_str()), (crm.agent, NUMBER));
    assert_eq!(crm.own(crm.owner, rings(crm.business, [Who::Member(crm.agent)])).await?.status(), 200);

    let pause = UserSetAvailabilityV1 {
        not_before: Some(ASKED + TimeDelta::hours(1)),
        ..takes_calls(&crm, crm.agent, NUMBER)?
    };
    assert_eq!(crm.own(crm.owner, pause.clone()).await?.status(), 200, "of a lower rank");
    assert_eq!(held(&bucket, crm.business).await?.people[0].not_before, pause.not_before);

    assert_eq!(crm.own(crm.owner, UserDeleteV1 { user_id: crm.agent }).await?.status(), 200);
    let config = held(&bucket, crm.business).await?;
    assert_eq!((config.revision, config.people.len()), (5, 0), "who left is rung no more");
    assert_eq!(crm.own(crm.owner, UserRestoreV1 { user_id: crm.agent }).await?.status(), 200);
    assert_eq!(held(&bucket, crm.business).await?.people.len(), 0, "they say again where they are reached");
    // Whoever can be rung no more keeps nobody from changing something else.
    assert_eq!(crm.own(crm.owner, rings(crm.business, [Who::Member(crm.agent)])).await?.status(), 200);
    let told: Vec<String> =
        sqlx::query_scalar("SELECT coalesce(before::text, '') || after::text FROM prosaas.audit_records")
            .fetch_all(crm.pool())
            .await?;
    let availability = told.iter().filter(|text| text.contains("takes_calls"));
    assert!(
        availability.clone().count() == 2 && availability.clone().all(|text| !text.contains("541234567"))
    );
    Ok(())
}

#[tokio::test]
async fn ranks_numbers_and_ends_are_looked_at_when_it_is_applied() -> Result<()> {
    let nats = Nats::start().await?;
    let crm = Crm::on(nats.bus.jetstream.clone(), Live::silent()).await?;
    let own_number = "+97231111111";
    sqlx::query("INSERT INTO prosaas.business_numbers (id, business_id, e164) VALUES ($1, $2, $3)")
        .bind(Uuid::now_v7())
        .bind(crm.business.0)
        .bind(own_number)
        .execute(crm.pool())
        .await?;
    let until = |days| -> Result<UserSetAvailabilityV1> {
        let not_before = Some(ASKED + TimeDelta::days(days));
        Ok(UserSetAvailabilityV1 { not_before, ..takes_calls(&crm, crm.owner, NUMBER)? })
    };
    for (actor, args, status, code) in [
        (crm.manager, takes_calls(&crm, crm.agent, NUMBER)?, 403, ""),
        (crm.agent, takes_calls(&crm, crm.manager, NUMBER)?, 403, ""),
        (crm.owner, takes_calls(&crm, crm.owner, own_number)?, 422, "own_number"),
        (crm.owner, takes_calls(&crm, crm.owner, "+9720541234567")?, 422, "no_number"),
        (crm.owner, until(32)?, 422, "too_far"),
        (crm.owner, until(30)?, 200, ""),
    ] {
        let done = crm.own(actor, args.clone()).await?;
        assert_eq!(done.status(), status, "{args:?}");
        let problem = done.problem.clone().unwrap_or_default();
        assert_eq!(problem["errors"][0]["code"].as_str().unwrap_or_default(), code, "{args:?}");
    }
    Ok(())
}

#[tokio::test]
async fn forwarding_that_comes_back_is_refused() -> Result<()> {
    let nats = Nats::start().await?;
    let crm = Crm::on(nats.bus.jetstream.clone(), Live::silent()).await?;
    let take_in = async |name: &str, number: &str| {
        let business_id = BusinessId(Uuid::now_v7());
        let args = BusinessCreateV1 {
            business_id,
            name: name.to_owned(),
            time_zone: chrono_tz::Asia::Jerusalem,
            numbers: vec![E164::parse(number)?],
        };
        assert_eq!(crm.send(crm.admin, None, args).await?.status(), 200);
        anyhow::Ok(business_id)
    };
    let [one, two, three] = ["+97231111111", "+97232222222", "+97233333333"];
    let number = |text: &str| anyhow::Ok(Who::Number(E164::parse(text)?));
    let (first, second) = (take_in("One", one).await?, take_in("Two", two).await?);
    let third = take_in("Three", three).await?;
    let configure = async |business, who: &str| {
        let done = crm.send(crm.admin, Some(business), rings(business, [number(who)?])).await?;
        let problem = done.problem.clone().unwrap_or_default();
        anyhow::Ok((done.status(), problem["errors"][0]["code"].as_str().unwrap_or_default().to_owned()))
    };
    assert_eq!(configure(first, two).await?.0, 200, "to a sister is no circle");
    assert_eq!(configure(second, three).await?.0, 200);
    assert_eq!(configure(third, one).await?, (422, "loop".to_owned()));
    // Nor by a person of the third business.
    let worker = person(crm.pool(), Some(third), "agent", "worker@example.com").await?;
    let args = UserSetAvailabilityV1 {
        business_id: third,
        user_id: worker,
        number: Some(E164::parse(one)?),
        hours: None,
        not_before: None,
    };
    assert_eq!(crm.send(crm.admin, Some(third), args.clone()).await?.status(), 422);
    assert_eq!(configure(second, NUMBER).await?.0, 200, "the circle is open");
    assert_eq!(crm.send(crm.admin, Some(third), args).await?.status(), 200);
    Ok(())
}

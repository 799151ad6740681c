//! The direction decides whose a call is.

use anyhow::Result;
use prosaas_events::call::{CallStatus, CallStatusV1};
use sqlx::PgPool;
use uuid::Uuid;

use super::{CALLER, NUMBER, applied, business, incoming};
use crate::support::Database;

const OTHER: &str = "+97232222222";
const MOBILE: &str = "+972543333333";

fn outbound(call: &str, from: &str, to: &str, whole: Option<&str>) -> Result<super::CallEvent> {
    Ok(super::CallEvent::Status(CallStatusV1 {
        call_sid: call.parse()?,
        account_sid: None,
        status: CallStatus::Completed,
        sequence_number: Some(3),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        direction: Some(if whole.is_some() { "outbound-dial" } else { "outbound-api" }.to_owned()),
        duration_s: Some(9),
        sip_response_code: None,
        occurred_at: None,
        parent_call_sid: whole.map(str::parse).transpose()?,
    }))
}

/// A leg that the call was forwarded to.
pub fn leg(call: &str, from: &str, whole: &str) -> Result<super::CallEvent> {
    outbound(call, from, MOBILE, Some(whole))
}

async fn owner(pool: &PgPool, call: &str) -> Result<Option<Uuid>> {
    let found = sqlx::query_scalar("SELECT business_id FROM prosaas.calls WHERE call_sid = $1").bind(call);
    Ok(found.fetch_one(pool).await?)
}

#[tokio::test]
async fn a_call_from_one_business_to_another_is_the_callers() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    let (calling, _called) = (business(pool, NUMBER).await?, business(pool, OTHER).await?);
    applied(pool, "e1", 1, &outbound("CA1", NUMBER, OTHER, None)?).await?;
    assert_eq!(owner(pool, "CA1").await?, Some(calling.0));
    Ok(())
}

#[tokio::test]
async fn the_leg_of_a_forwarded_call_is_the_business_s_whichever_comes_first() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    // The caller is another business of ours: the leg carries its number.
    let (_calling, called) = (business(pool, OTHER).await?, business(pool, NUMBER).await?);
    applied(pool, "leg first", 1, &outbound("CAleg1", OTHER, MOBILE, Some("CA1"))?).await?;
    assert_eq!(owner(pool, "CAleg1").await?, None, "its call is not known yet");
    applied(pool, "call", 2, &incoming("CA1", OTHER, NUMBER)?).await?;
    applied(pool, "leg second", 3, &outbound("CAleg2", CALLER, MOBILE, Some("CA1"))?).await?;
    for leg in ["CAleg1", "CAleg2"] {
        assert_eq!(owner(pool, leg).await?, Some(called.0), "{leg}");
    }
    assert_eq!(
        database.count("SELECT count(*) FROM prosaas.call_events WHERE business_id IS NULL").await?,
        0,
        "its history too"
    );
    assert_eq!(database.count("SELECT count(*) FROM prosaas.calls WHERE missed").await?, 0);
    Ok(())
}

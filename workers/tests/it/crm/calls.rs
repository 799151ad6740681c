//! Missed calls that were called back.

use anyhow::Result;
use prosaas_events::crm::call::CallMarkCalledBackV1;

use super::{Crm, command, delivery};

#[tokio::test]
async fn a_missed_call_is_marked_once_and_an_answered_one_never() -> Result<()> {
    let crm = Crm::quiet().await?;
    sqlx::query(
        "INSERT INTO prosaas.calls (call_sid, business_id, started_at, missed, callback_needed)
         VALUES ('CA1', $1, now(), true, true), ('CA2', $1, now(), false, false)",
    )
    .bind(crm.business.0)
    .execute(crm.pool())
    .await?;
    let mark = |sid: &str| anyhow::Ok(CallMarkCalledBackV1 { call_sid: sid.parse()? });
    assert_eq!(crm.own(crm.agent, mark("CA1")?).await?.status(), 200);
    assert_eq!(crm.own(crm.manager, mark("CA1")?).await?.status(), 200, "that is how it stands");
    assert_eq!(crm.audit().await?, [("call.mark_called_back".to_owned(), "CA1".to_owned())]);
    let by: Option<uuid::Uuid> =
        sqlx::query_scalar("SELECT called_back_by FROM prosaas.calls WHERE called_back_at IS NOT NULL")
            .fetch_one(crm.pool())
            .await?;
    assert_eq!(by, Some(crm.agent.0));
    let answered = crm.own(crm.agent, mark("CA2")?).await?;
    assert_eq!((answered.status(), answered.kind()), (409, "/problems/call-not-missed"));
    let unknown = command("unknown", crm.agent, Some(crm.business), mark("CA3")?)?;
    assert!(crm.deliver(&unknown, &delivery(&unknown)).await.is_err(), "the call's own event may still come");
    Ok(())
}

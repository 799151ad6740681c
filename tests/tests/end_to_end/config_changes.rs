//! A business's new settings reach the ingress without a restart, and stay known
//! when everything behind it is down.

use prosaas_domain::{
    call_config::{CallMode, CallSettings, Language},
    phone::E164,
};
use prosaas_tests::{
    eventually::{SOON, eventually},
    stack::Stack,
    twilio::{CALLER, NUMBER, call_sid},
};

const GREETING: &str = "ברוכים הבאים ל<חנות> & עוד";

#[tokio::test]
async fn settings_arrive_without_a_restart_and_survive_one() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let twilio = stack.twilio();
    let before = twilio.incoming(&call_sid(), CALLER, NUMBER).await?.twiml()?;
    assert!(before.contains("<Record") && !before.contains("<Dial"), "{before}");

    let settings = CallSettings {
        language: Language::He,
        greeting: Some(GREETING.to_owned()),
        mode: CallMode::Forward,
        forward_to: vec![E164::parse("+972000000055")?],
        ..CallSettings::default()
    };
    stack.configure(settings).await?;
    let after = eventually("the new settings are in force", SOON, || async {
        let twiml = twilio.incoming(&call_sid(), CALLER, NUMBER).await?.twiml()?;
        anyhow::ensure!(twiml.contains("<Dial"), "still the former answer");
        Ok(twiml)
    })
    .await?;
    assert!(after.contains("+972000000055"), "{after}");
    assert!(after.contains("ל&lt;חנות&gt; &amp; עוד"), "escaped: {after}");

    // The snapshot is saved right after the change is in force.
    let snapshot = stack.scratch.path().join("ingress/call_config.json");
    eventually("the snapshot is saved", SOON, || async {
        anyhow::ensure!(std::fs::read_to_string(&snapshot)?.contains("+972000000055"), "not yet");
        Ok(())
    })
    .await?;
    stack.database.proxy().cut().await;
    stack.nats.stop().await?;
    stack.ingress.kill().await?;
    stack.ingress.start().await?;
    let call = call_sid();
    let restarted = twilio.incoming(&call, CALLER, NUMBER).await?.twiml()?;
    assert_eq!(restarted, after, "the same answer while NATS and Postgres are down");
    assert_eq!(stack.ingress.ready().await?.status, 503);

    stack.nats.restart().await?;
    stack.database.proxy().restore().await?;
    eventually("the call has its row", SOON, || async {
        let sql = "SELECT business_id IS NOT NULL FROM prosaas.calls WHERE call_sid = $1";
        let owned: bool = sqlx::query_scalar(sql).bind(&call).fetch_one(&stack.pool).await?;
        anyhow::ensure!(owned, "it has no business");
        Ok(())
    })
    .await?;
    stack.passed();
    Ok(())
}

//! NATS or Postgres away for half a minute in the middle of 500 calls: every caller
//! is answered, nothing is lost, nothing is there twice.

use std::time::Duration;

use prosaas_tests::{load, stack::Stack};

const CALLS: u32 = 500;

/// When the outage begins, how long it lasts, and over how long the calls come in.
const BEGIN: Duration = Duration::from_secs(4);
const OUTAGE: Duration = Duration::from_secs(30);
const SPAN: Duration = Duration::from_secs(38);

/// A caller hears the answer at once. Twilio itself would wait 15 seconds.
const PROMPT: Duration = Duration::from_secs(3);

/// How long catching up may take.
const CATCH_UP: Duration = Duration::from_secs(45);

async fn everybody_was_answered(stack: &Stack, calls: &[load::Attempt]) -> anyhow::Result<()> {
    for call in calls {
        assert_eq!(call.problem, None, "a call was not answered");
        assert!(call.took < PROMPT, "a caller waited for {:?}", call.took);
    }
    let verdict = stack.settles(calls, CATCH_UP).await?;
    assert_eq!(verdict.rows, usize::try_from(CALLS)?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_away_for_half_a_minute() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let twilio = stack.twilio();
    let calls = tokio::spawn(async move { load::evenly(&twilio, CALLS, SPAN).await });
    tokio::time::sleep(BEGIN).await;
    stack.nats.stop().await?;
    tokio::time::sleep(OUTAGE).await;
    let behind = stack.ingress.metric("prosaas_log_depth").await?;
    assert!(behind >= 300.0, "the calls of half a minute wait in the local log, found {behind}");
    stack.nats.restart().await?;
    everybody_was_answered(&stack, &calls.await?).await?;
    stack.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_away_for_half_a_minute() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let twilio = stack.twilio();
    let calls = tokio::spawn(async move { load::evenly(&twilio, CALLS, SPAN).await });
    tokio::time::sleep(BEGIN).await;
    stack.database.proxy().cut();
    tokio::time::sleep(OUTAGE).await;
    let rows = stack.count("SELECT count(*) FROM prosaas.calls").await?;
    assert!(rows < 200, "Postgres was away and yet has {rows} calls");
    stack.database.proxy().restore().await?;
    everybody_was_answered(&stack, &calls.await?).await?;
    stack.passed();
    Ok(())
}

/// A server that hangs is worse than one that is gone: connections stay open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_frozen_for_some_seconds() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let twilio = stack.twilio();
    let calls = tokio::spawn(async move { load::evenly(&twilio, 150, Duration::from_secs(12)).await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    stack.nats.freeze()?;
    tokio::time::sleep(Duration::from_secs(8)).await;
    stack.nats.thaw()?;
    let calls = calls.await?;
    for call in &calls {
        assert_eq!(call.problem, None, "a call was not answered");
        assert!(call.took < PROMPT, "a caller waited for {:?}", call.took);
    }
    let verdict = stack.settles(&calls, CATCH_UP).await?;
    assert_eq!(verdict.rows, 150);
    stack.passed();
    Ok(())
}

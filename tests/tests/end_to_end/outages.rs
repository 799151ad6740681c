//! NATS or Postgres away for half a minute in the middle of 500 calls: every caller
//! is answered meanwhile, nothing is lost, nothing is there twice.

use std::time::Duration;

use prosaas_tests::{
    eventually::{SOON, eventually},
    load::{self, Attempt},
    stack::Stack,
    twilio::Twilio,
};
use tokio::task::JoinHandle;

/// Calls that come in beside the beginning of an outage, in its midst, and beside its end.
const BEGINNING: u32 = 50;
const MIDST: u32 = 400;
const END: u32 = 50;

/// How long the calls of its midst take to come in, and so how long it lasts: long enough for
/// every limit on waiting, and every growing pause between two tries, behind the ingress.
const OUTAGE: Duration = Duration::from_secs(30);

/// How long those beside its beginning and its end take.
const BESIDE: Duration = Duration::from_secs(4);

fn beside(twilio: &Twilio, count: u32) -> JoinHandle<Vec<Attempt>> {
    let twilio = twilio.clone();
    tokio::spawn(async move { load::evenly(&twilio, count, BESIDE).await })
}

/// Waits until calls are coming in, and are being applied.
async fn under_way(stack: &Stack) -> anyhow::Result<()> {
    eventually("calls get their rows", SOON, || async {
        let rows = stack.count("SELECT count(*) FROM prosaas.calls").await?;
        anyhow::ensure!(rows >= 5, "{rows} rows");
        Ok(())
    })
    .await
}

/// Whoever calls this with something away shows that no caller waits for its return.
async fn everybody_is_answered(twilio: &Twilio, count: u32, span: Duration) -> Vec<Attempt> {
    let calls = load::evenly(twilio, count, span).await;
    nobody_was_turned_away(&calls);
    calls
}

fn nobody_was_turned_away(calls: &[Attempt]) {
    for call in calls {
        assert_eq!(call.problem, None, "a call was not answered, after {:?}", call.took);
    }
}

/// All calls are answered, and there once.
async fn all_is_there(stack: &Stack, calls: &[Attempt]) -> anyhow::Result<()> {
    nobody_was_turned_away(calls);
    let verdict = stack.settles(calls, SOON).await?;
    assert_eq!(verdict.rows, calls.len());
    stack.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_away_for_half_a_minute() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let twilio = stack.twilio();
    let beginning = beside(&twilio, BEGINNING);
    under_way(&stack).await?;
    stack.nats.stop().await?;
    let mut calls = everybody_is_answered(&twilio, MIDST, OUTAGE).await;
    // The metric follows the log a little later.
    eventually("the calls of half a minute wait in the local log", SOON, || async {
        let behind = stack.ingress.metric("prosaas_log_depth").await?;
        anyhow::ensure!(behind >= f64::from(MIDST), "found {behind}");
        Ok(())
    })
    .await?;
    let end = beside(&twilio, END);
    stack.nats.restart().await?;
    calls.extend(beginning.await?.into_iter().chain(end.await?));
    all_is_there(&stack, &calls).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_away_for_half_a_minute() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let twilio = stack.twilio();
    let beginning = beside(&twilio, BEGINNING);
    under_way(&stack).await?;
    stack.database.proxy().cut().await;
    let mut calls = everybody_is_answered(&twilio, MIDST, OUTAGE).await;
    let midst: Vec<&str> = calls.iter().map(|call| call.call.as_str()).collect();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM prosaas.calls WHERE call_sid = ANY ($1)")
        .bind(midst)
        .fetch_one(&stack.pool)
        .await?;
    assert_eq!(rows, 0, "Postgres was away and yet has calls");
    let end = beside(&twilio, END);
    stack.database.proxy().restore().await?;
    calls.extend(beginning.await?.into_iter().chain(end.await?));
    all_is_there(&stack, &calls).await
}

/// A server that hangs is worse than one that is gone: connections stay open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_frozen_for_some_seconds() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let twilio = stack.twilio();
    let beginning = beside(&twilio, BEGINNING);
    under_way(&stack).await?;
    stack.nats.freeze()?;
    let mut calls = everybody_is_answered(&twilio, 100, Duration::from_secs(8)).await;
    let end = beside(&twilio, END);
    stack.nats.thaw()?;
    calls.extend(beginning.await?.into_iter().chain(end.await?));
    all_is_there(&stack, &calls).await
}

//! What an operator sees of the ingress's local log while NATS is away.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use prosaas_tests::{
    eventually::{SOON, eventually},
    load,
    stack::{Options, Stack},
};
use serde_json::Value;

#[tokio::test]
async fn what_waits_for_nats_is_listed_and_gone_when_nats_is_back() -> Result<()> {
    let mut stack = Stack::start_with(Options { ingress_only: true, ..Options::default() }).await?;
    let log = stack.ingress.environment.get("EVENT_LOG_PATH").context("the log's folder")?.clone();
    stack.nats.stop().await?;
    let calls = load::evenly(&stack.twilio(), 3, Duration::from_millis(300)).await;
    for call in &calls {
        assert_eq!(call.problem, None, "a call was not answered");
    }
    let (status, table) = stack.ops(&["log", "show", &log]).await?;
    ensure!(status.success() && table.starts_with("SLOT"), "{status}: {table}");
    for call in &calls {
        ensure!(table.contains(&format!("call.incoming.{}", call.call)), "{} is not in {table}", call.call);
    }
    let (_, json) = stack.ops(&["--json", "log", "show", &log, "--limit", "2"]).await?;
    let rows: Value = serde_json::from_str(&json).with_context(|| json.clone())?;
    assert_eq!(rows.as_array().map(Vec::len), Some(2));
    assert_eq!((&rows[0]["slot"], &rows[0]["stream"]), (&"slot-0".into(), &"CALLS".into()));
    assert_eq!(rows[0]["rejected"], Value::Null);
    let nowhere = stack.scratch.path().join("nowhere").display().to_string();
    assert_eq!(stack.ops(&["log", "show", &nowhere]).await?.0.code(), Some(3));
    let empty = stack.scratch.folder("empty")?.display().to_string();
    assert_eq!(stack.ops(&["log", "show", &empty]).await?.0.code(), Some(3));

    stack.nats.restart().await?;
    eventually("the log is empty", SOON, || async {
        let (_, json) = stack.ops(&["--json", "log", "show", &log]).await?;
        ensure!(json.trim() == "[]", "{json}");
        Ok(())
    })
    .await?;
    stack.passed();
    Ok(())
}

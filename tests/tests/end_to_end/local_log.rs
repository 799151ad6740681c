//! What an operator sees of the ingress's local log while NATS is away.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use prosaas_tests::{
    eventually::{SOON, eventually},
    load,
    nats::holds,
    small_disk::SmallDisk,
    stack::{Options, Stack},
    twilio::{CALLER, NUMBER, call_sid},
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

#[tokio::test]
async fn an_ingress_that_starts_on_a_full_disk_answers_calls_and_says_why() -> Result<()> {
    let mut stack = Stack::start_with(Options { ingress_only: true, ..Options::default() }).await?;
    stack.ingress.kill().await?;
    let folder = stack.scratch.folder("ingress")?;
    let Some(disk) = SmallDisk::mount(&folder, 112).await? else {
        eprintln!("SKIPPED: this machine lets us mount no tmpfs, so no disk is filled");
        return Ok(());
    };
    stack.ingress.behind = Some(disk.behind()?);
    stack.ingress.start().await?;
    // Stopped, not killed: what SQLite needs room for is gone with the process.
    stack.ingress.ask_to_stop()?;
    stack.ingress.stopped().await?;
    disk.fill()?;
    stack.nats.stop().await?;

    stack.ingress.start().await?;
    let calls: Vec<_> = (0..20).map(|_| call_sid()).collect();
    for call in &calls {
        stack.twilio().incoming(call, CALLER, NUMBER).await?.twiml()?;
    }
    let report: Value = serde_json::from_str(&stack.ingress.ready().await?.text())?;
    let checks = report["checks"].as_array().context("checks")?;
    let log = checks.iter().find(|check| check["name"] == "event_log").context("no check of the log")?;
    ensure!(log["problem"].as_str().is_some_and(|why| why.contains("disk is full")), "{log}");

    disk.free()?;
    stack.nats.restart().await?;
    // The ballast had room for all of them.
    holds(&stack.nats, "CALLS", 20, Duration::from_mins(1)).await?;
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn a_log_that_was_put_aside_is_told_of_and_its_rows_come_back_as_the_run_book_says() -> Result<()> {
    let mut stack = Stack::start_with(Options { ingress_only: true, ..Options::default() }).await?;
    let log = stack.ingress.environment.get("EVENT_LOG_PATH").context("the log's folder")?.clone();
    let slot = std::path::Path::new(&log).join("slot-0");
    stack.nats.stop().await?;
    let call = call_sid();
    stack.twilio().incoming(&call, CALLER, NUMBER).await?.twiml()?;
    stack.ingress.kill().await?;
    // The ingress met damage in this file and noted it.
    std::fs::write(slot.join("damaged"), "")?;
    stack.ingress.start().await?;
    let (_, json) = stack.ops(&["--json", "log", "show", &log]).await?;
    let rows: Value = serde_json::from_str(&json).with_context(|| json.clone())?;
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(rows[0]["subject"], "damaged-0-events.db");
    ensure!(rows[0]["rejected"].as_str().is_some_and(|why| why.contains("OPERATIONS")), "{json}");
    let (_, findings) = stack.ops_with(&["--json", "doctor"], &[("EVENT_LOG_PATH", log.clone())]).await?;
    ensure!(findings.contains("damaged-0-events.db"), "{findings}");

    // What SQLite would read of it, in a slot of its own.
    let recovered = std::path::Path::new(&log).join("slot-63");
    std::fs::create_dir(&recovered)?;
    for suffix in ["", "-wal"] {
        let aside = slot.join(format!("damaged-0-events.db{suffix}"));
        std::fs::rename(aside, recovered.join(format!("events.db{suffix}")))?;
    }
    stack.nats.restart().await?;
    holds(&stack.nats, "CALLS", 1, Duration::from_mins(2)).await?;
    stack.passed();
    Ok(())
}

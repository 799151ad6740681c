//! What is acknowledged is on disk: shown where killing a process cannot show it.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use prosaas_events::subjects::Stream;
use prosaas_platform::bus::{self, durability::assert_durable};
use prosaas_tests::{
    environment,
    eventually::{SOON, eventually},
    load,
    nats::{NatsServer, holds},
    scratch::Scratch,
    stack::{Options, Stack},
    strace,
};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::SecretString;

/// Calls in the trace, and how many come in at once.
const CALLS: usize = 200;
const AT_ONCE: usize = 16;

#[tokio::test]
async fn every_acknowledgement_follows_its_fsync() -> anyhow::Result<()> {
    let mut stack = Stack::prepare(&Options::default()).await?;
    bus::reconcile::apply(&stack.nats.jetstream().await?, bus::definitions::DEFAULT_STORE_BYTES).await?;
    let trace = stack.scratch.path().join("strace.txt");
    let mut arguments = strace::arguments(&trace);
    arguments.push(environment::binary("prosaas-ingress")?.display().to_string());
    // strace runs the ingress, which needs no right to attach to another process.
    stack.ingress.start_under(&environment::strace()?, &arguments).await?;

    let twilio = stack.twilio();
    let calls: Vec<load::Attempt> =
        stream::iter(0..CALLS).map(|_| load::call(&twilio)).buffer_unordered(AT_ONCE).collect().await;
    for call in &calls {
        assert_eq!(call.problem, None, "a call was not answered");
    }
    kill_process(child_of(stack.ingress.pid()?)?, Signal::TERM)?;
    stack.ingress.stopped().await?;

    let text = String::from_utf8_lossy(&std::fs::read(&trace)?).into_owned();
    let acknowledged: Vec<String> = calls.into_iter().map(|call| call.call).collect();
    let proof = strace::acknowledged_after_sync(&text, &acknowledged)?;
    assert_eq!(proof.acknowledged, CALLS);
    assert!(proof.syncs > 0 && proof.syncs < CALLS, "requests in flight share a sync: {proof:?}");
    // SQLite was told that fdatasync works (.cargo/config.toml).
    let journaled: Vec<&str> =
        text.lines().filter(|l| l.contains(" fsync(") && l.contains("-wal>")).collect();
    assert!(journaled.is_empty(), "the log syncs more than its data: {journaled:?}");
    // The check is no formality: without its syncs the same trace fails.
    let unsynced: Vec<&str> = text.lines().filter(|line| !line.contains("sync(")).collect();
    assert!(strace::acknowledged_after_sync(&unsynced.join("\n"), &acknowledged).is_err());
    stack.passed();
    Ok(())
}

/// The ingress under strace.
fn child_of(parent: Pid) -> anyhow::Result<Pid> {
    let id = parent.as_raw_nonzero();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    let first = children.split_whitespace().next().and_then(|text| text.parse().ok());
    first.and_then(Pid::from_raw).ok_or_else(|| anyhow::anyhow!("strace has no child"))
}

#[tokio::test]
async fn the_server_syncs_each_message_and_streams_take_batches() -> anyhow::Result<()> {
    let scratch = Scratch::new()?;
    let nats = NatsServer::start(&scratch).await?;
    let js = nats.jetstream().await?;
    bus::reconcile::apply(&js, bus::definitions::DEFAULT_STORE_BYTES).await?;
    for role in [bus::Role::Ingress, bus::Role::Workers, bus::Role::Ops] {
        let client = bus::connect(&SecretString::from(nats.url(role)), role).await?;
        let as_role = async_nats::jetstream::new(client.clone());
        assert_durable(&client, &as_role).await.map_err(|error| anyhow::anyhow!("{role:?}: {error}"))?;
    }
    for stream in Stream::ALL {
        let config = js.get_stream(stream.name()).await?.cached_info().config.clone();
        assert!(config.allow_atomic_publish, "{stream} takes no batches");
        assert_eq!(config.persist_mode, None, "{stream} is persisted in another way");
        assert_eq!(config.max_age, Duration::ZERO, "{stream} forgets");
    }
    scratch.passed();
    Ok(())
}

#[tokio::test]
async fn a_server_that_acknowledges_too_early_is_refused() -> anyhow::Result<()> {
    let mut stack = Stack::prepare(&Options::default()).await?;
    let (status, output) = stack.ops(&["setup"]).await?;
    assert!(status.success(), "{output}");
    // The same server and store, with the default sync of two minutes.
    stack.nats.stop().await?;
    let own = std::fs::read_to_string(environment::root().join("nats/nats-server.conf"))?;
    let unsafe_one = own.replace("sync_interval: always", "");
    assert_ne!(own, unsafe_one);
    let path = stack.scratch.path().join("unsafe.conf");
    std::fs::write(&path, unsafe_one)?;
    stack.nats.restart_with(&path).await?;

    let (status, output) = stack.ops(&["setup"]).await?;
    assert!(!status.success() && output.contains("sync_interval"), "ops: {status}: {output}");
    stack.workers.start()?;
    let (status, output) = stack.workers.ended(SOON).await?;
    assert!(!status.success() && output.contains("sync_interval"), "workers: {status}: {output}");

    stack.ingress.start().await?;
    let ingress = &stack.ingress;
    eventually("/ready says why not", SOON, || async move {
        let reply = ingress.ready().await?;
        let text = reply.text();
        anyhow::ensure!(reply.status == 503 && text.contains("sync_interval"), "{}: {text}", reply.status);
        Ok(())
    })
    .await?;
    // Callers are answered all the same; their events wait until the server is put right.
    let call = load::call(&stack.twilio()).await;
    assert_eq!(call.problem, None);
    // By the log's own account: the pump, which looks at the server several times a second, has not
    // taken it.
    eventually("the event has waited for a second", SOON, || async move {
        let age = ingress.metric("prosaas_log_oldest_age_seconds").await?;
        anyhow::ensure!(age >= 1.0, "for {age} seconds");
        Ok(())
    })
    .await?;
    assert_eq!(stack.nats.messages("CALLS").await?, 0, "an event left for a server that may lose it");
    stack.nats.stop().await?;
    stack.nats.restart_with(&environment::root().join("nats/nats-server.conf")).await?;
    holds(&stack.nats, "CALLS", 1, SOON).await?;
    stack.passed();
    Ok(())
}

//! Streams and consumers are what `nats/` says, or nothing starts.

use std::time::Duration;

use async_nats::jetstream::{
    self,
    consumer::pull,
    stream::{Config, RetentionPolicy, StorageType},
};
use prosaas_events::subjects::LIVE_STREAM;
use prosaas_tests::{
    eventually::{SOON, becomes},
    stack::{Options, Stack},
};

async fn calls(js: &jetstream::Context) -> anyhow::Result<Config> {
    Ok(js.get_stream("CALLS").await?.cached_info().config.clone())
}

async fn set_up() -> anyhow::Result<(Stack, jetstream::Context)> {
    let stack = Stack::prepare(&Options::default()).await?;
    let (status, output) = stack.ops(&["setup"]).await?;
    anyhow::ensure!(status.success(), "{output}");
    let js = stack.nats.jetstream().await?;
    Ok((stack, js))
}

#[tokio::test]
async fn a_changed_definition_is_applied() -> anyhow::Result<()> {
    let (stack, js) = set_up().await?;
    let defined = calls(&js).await?;
    let mut changed = defined.clone();
    changed.duplicate_window = Duration::from_secs(7);
    changed.subjects = vec!["call.>".to_owned()];
    js.update_stream(&changed).await?;
    let stream = js.get_stream("CALLS").await?;
    let defined_consumer = stream.consumer_info("calls").await?.config;
    let mut own = try_pull(&defined_consumer)?;
    own.max_ack_pending = 3;
    stream.update_consumer(own).await?;

    let (status, output) = stack.ops(&["setup"]).await?;
    assert!(status.success(), "{output}");
    for said in ["stream CALLS: updated", "consumer calls: updated"] {
        assert!(output.contains(said), "what was changed is said: {output}");
    }
    let now = calls(&js).await?;
    assert_eq!((now.duplicate_window, now.subjects), (defined.duplicate_window, defined.subjects));
    let consumer = stream.consumer_info("calls").await?.config;
    assert_eq!(consumer.max_ack_pending, defined_consumer.max_ack_pending);
    let (status, output) = stack.ops(&["setup"]).await?;
    assert!(status.success() && !output.contains("updated"), "a second time nothing is left: {output}");
    stack.passed();
    Ok(())
}

fn try_pull(config: &jetstream::consumer::Config) -> anyhow::Result<pull::Config> {
    use jetstream::consumer::FromConsumer as _;
    pull::Config::try_from_consumer_config(config.clone()).map_err(|error| anyhow::anyhow!(error.to_string()))
}

/// Workers may not change definitions; they refuse to run on others than theirs.
#[tokio::test]
async fn workers_refuse_definitions_that_are_not_theirs() -> anyhow::Result<()> {
    let (mut stack, js) = set_up().await?;
    let mut changed = calls(&js).await?;
    changed.duplicate_window = Duration::from_secs(7);
    js.update_stream(&changed).await?;
    stack.workers.start()?;
    let (status, output) = stack.workers.ended(SOON).await?;
    assert!(!status.success(), "they must not start: {output}");
    assert!(output.contains("CALLS") && output.contains("prosaas-ops setup"), "what to do: {output}");
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn a_change_that_cannot_be_made_is_refused() -> anyhow::Result<()> {
    let (stack, js) = set_up().await?;
    // Neither storage nor this retention can be changed on a stream that exists.
    js.delete_stream("CALLS").await?;
    js.create_stream(Config {
        name: "CALLS".to_owned(),
        subjects: vec!["call.>".to_owned()],
        storage: StorageType::Memory,
        retention: RetentionPolicy::WorkQueue,
        ..Config::default()
    })
    .await?;
    // It does not wait for what waiting does not change: it ends, and has an hour.
    let (status, output) = stack.ops(&["setup", "--wait", "3600"]).await?;
    assert!(!status.success(), "{output}");
    assert!(output.contains("CALLS") && output.contains("storage"), "it says why: {output}");
    let held = calls(&js).await?;
    assert_eq!(held.storage, StorageType::Memory, "nothing was thrown away to make room");
    stack.passed();
    Ok(())
}

/// The server holds the live updates in memory: a restart takes their stream along,
/// and neither workers that run nor workers that start then may stumble over it.
#[tokio::test]
async fn a_restart_of_the_server_takes_no_stream_along_for_long() -> anyhow::Result<()> {
    let (mut stack, js) = set_up().await?;
    stack.workers.start()?;
    becomes("the workers run", SOON, true, || running(&js)).await?;
    stack.nats.restart().await?;
    let js = stack.nats.jetstream().await?;
    becomes("running workers make it again", SOON, true, || is_live(&js)).await?;

    stack.workers.kill().await?;
    stack.nats.restart().await?;
    let js = stack.nats.jetstream().await?;
    assert!(!is_live(&js).await?, "the restart must take it along");
    stack.workers.start()?;
    becomes("starting workers make it again", SOON, true, || is_live(&js)).await?;
    becomes("the workers run", SOON, true, || running(&js)).await?;
    stack.passed();
    Ok(())
}

/// Whether the stream of live updates is there.
async fn is_live(js: &jetstream::Context) -> anyhow::Result<bool> {
    Ok(js.get_stream(LIVE_STREAM).await.is_ok())
}

/// Whether somebody waits for events of calls.
async fn running(js: &jetstream::Context) -> anyhow::Result<bool> {
    let stream = js.get_stream("CALLS").await?;
    Ok(stream.consumer_info("calls").await?.num_waiting > 0)
}

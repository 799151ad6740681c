//! What is waiting travels in batches, and one bad row does not hold the others.

use anyhow::Result;
use async_nats::{HeaderMap, jetstream};
use prosaas_event_log::pump::LaneState;
use prosaas_events::{
    dead_letter::{DeadLetterV1, DeadReason},
    subjects::Stream,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Nats, append, drained, event, eventually, open_log, start_pump};

fn ids(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("event-{n}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_arrive_in_order_with_their_headers() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    append(&log, 0..2500).await?;
    let shutdown = CancellationToken::new();
    let pump = start_pump(&log, nats.client().await?, &shutdown);
    drained(&log).await?;
    let stored = nats.messages(Stream::Calls).await?;
    assert_eq!(stored.iter().map(|m| m.id.clone()).collect::<Vec<_>>(), ids(0..2500));
    let last = stored.last().expect("there are 2500");
    assert_eq!(last.subject, "call.incoming.CA2499");
    assert_eq!(last.payload, b"{\"n\":2499}");
    assert_eq!(last.content_type.as_deref(), Some("application/cloudevents+json"));
    assert_eq!(last.traceparent, event(0)?.traceparent);
    assert!(stored.iter().all(|m| m.batch.is_some()), "every one came in an atomic batch");
    assert!(pump.status().is_ready() && pump.status().problems().is_empty());
    shutdown.cancel();
    pump.stopped().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_rows_travel_singly() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    let shutdown = CancellationToken::new();
    let _pump = start_pump(&log, nats.client().await?, &shutdown);
    append(&log, 0..5).await?;
    drained(&log).await?;
    let stored = nats.messages(Stream::Calls).await?;
    assert!(stored.iter().all(|m| m.batch.is_none()));
    assert_eq!(stored.into_iter().map(|m| m.id).collect::<Vec<_>>(), ids(0..5));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_an_id_that_the_stream_has_is_sent_singly() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let client = nats.client().await?;
    let twin = event(50)?;
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", twin.id.as_str());
    jetstream::new(client.clone())
        .publish_with_headers(twin.subject.into_string(), headers, twin.payload)
        .await?
        .await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    append(&log, 0..100).await?;
    let _pump = start_pump(&log, client, &CancellationToken::new());
    drained(&log).await?;
    let mut stored: Vec<_> = nats.messages(Stream::Calls).await?.into_iter().map(|m| m.id).collect();
    assert_eq!(stored.len(), 100, "each exactly once");
    assert_eq!(stored.remove(0), "event-50", "the one that was there first");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_row_at_the_head_becomes_a_dead_letter_and_the_rest_arrives() -> Result<()> {
    for rows in [5, 100] {
        let nats = Nats::start().await?;
        nats.stream(Stream::Calls, |c| c.max_message_size = 1000).await?;
        nats.stream(Stream::Dead, |_| {}).await?;
        let dir = tempfile::tempdir()?;
        let log = open_log(dir.path()).await?;
        let mut large = event(0)?;
        large.payload = vec![b'x'; 2000].into();
        log.append(large).await?;
        append(&log, 1..rows).await?;
        let _pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
        drained(&log).await?;
        let stored = nats.messages(Stream::Calls).await?;
        assert_eq!(stored.into_iter().map(|m| m.id).collect::<Vec<_>>(), ids(1..rows));
        assert_eq!(log.stats().rejected, 1);
        let dead = nats.messages(Stream::Dead).await?;
        assert_eq!(dead.len(), 1);
        assert_eq!(
            (dead[0].id.as_str(), dead[0].subject.as_str()),
            ("log:event-0:pump", "dead.call.incoming.CA0")
        );
        let letter: DeadLetterV1 = serde_json::from_slice(&dead[0].payload)?;
        assert_eq!((letter.reason, letter.payload_bytes), (DeadReason::Rejected, 2000));
        assert!(letter.error_chain[0].contains("maximum"), "{:?}", letter.error_chain);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_above_the_servers_payload_limit_does_not_block_either() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |c| c.max_message_size = 100_000).await?;
    nats.stream(Stream::Dead, |_| {}).await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    append(&log, 0..40).await?;
    let mut large = event(40)?;
    large.payload = vec![b'x'; 500_000].into();
    log.append(large).await?;
    append(&log, 41..80).await?;
    let _pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
    drained(&log).await?;
    assert_eq!(nats.messages(Stream::Calls).await?.len(), 79);
    assert_eq!(nats.messages(Stream::Dead).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_atomic_batches_blocks_and_says_so() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |c| c.allow_atomic_publish = false).await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    append(&log, 0..30).await?;
    let pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
    eventually("the lane is blocked", || async { Ok(!pump.status().is_ready()) }).await?;
    let problems = pump.status().problems();
    assert!(matches!(problems.as_slice(), [(Stream::Calls, LaneState::Blocked(_))]), "{problems:?}");
    assert_eq!(nats.messages(Stream::Calls).await?.len(), 0, "no other way is taken in silence");
    assert_eq!(log.stats().depth, 30);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_wait_for_a_stream_that_is_missing() -> Result<()> {
    let nats = Nats::start().await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    append(&log, 0..3).await?;
    let pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
    eventually("the lane is blocked", || async { Ok(!pump.status().is_ready()) }).await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    drained(&log).await?;
    eventually("the lane is free", || async { Ok(pump.status().is_ready()) }).await
}

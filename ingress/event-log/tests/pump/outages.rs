//! Servers that go, answers that get lost, processes that die.

use std::sync::Arc;

use anyhow::{Context, Result};
use async_nats::jetstream::{self, stream::DiscardPolicy};
use prosaas_event_log::{
    EventLog, NewEvent,
    pump::{LaneState, Pump},
};
use prosaas_events::{
    crm::lead::LeadDeleteV1,
    subjects::{Stream, Subject},
};
use prosaas_tests::eventually::SOON;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Barrier,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Nats, append, connect, drained, event, eventually, open_log, start_pump};

async fn ids(nats: &Nats) -> Result<Vec<String>> {
    let mut ids: Vec<_> = nats.messages(Stream::Calls).await?.into_iter().map(|m| m.id).collect();
    ids.sort();
    Ok(ids)
}

fn expected(count: usize) -> Vec<String> {
    let mut ids: Vec<_> = (0..count).map(|n| format!("event-{n}")).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_while_nats_is_away_arrive_afterwards() -> Result<()> {
    let mut nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    let shutdown = CancellationToken::new();
    let pump = start_pump(&log, nats.client().await?, &shutdown);
    append(&log, 0..50).await?;
    nats.down()?;
    append(&log, 50..300).await?;
    assert!(log.stats().depth >= 250);
    nats.up().await?;
    drained(&log).await?;
    assert_eq!(ids(&nats).await?, expected(300));
    eventually("no lane has a problem", || async { Ok(pump.status().problems().is_empty()) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pump_stops_in_time_while_nats_is_away_and_the_rows_stay() -> Result<()> {
    let nats = Nats::start().await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    append(&log, 0..30).await?;
    let shutdown = CancellationToken::new();
    let pump = start_pump(&log, connect(1).await?, &shutdown);
    let status = pump.status();
    eventually("the pump has tried", || async { Ok(!status.problems().is_empty()) }).await?;
    shutdown.cancel();
    timeout(SOON, pump.stopped()).await.context("the pump does not stop")??;
    log.close().await;

    nats.stream(Stream::Calls, |_| {}).await?;
    let log = open_log(dir.path()).await?;
    assert_eq!((log.slot_name(), log.stats().depth), ("slot-0", 30));
    let _pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
    drained(&log).await?;
    assert_eq!(ids(&nats).await?, expected(30));
    Ok(())
}

/// The reason that `/ready` would give for a lane that is blocked.
async fn blocked(pump: &Pump, reason: &str) -> Result<()> {
    eventually("the lane is blocked", || async {
        let problems = pump.status().problems();
        let is = |(_, state): &(Stream, LaneState)| matches!(state, LaneState::Blocked(why) if why.contains(reason));
        Ok(!pump.status().is_ready() && problems.iter().any(is))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_acknowledges_nothing_is_no_ready_server() -> Result<()> {
    for count in [3, 100] {
        let nats = Nats::start().await?;
        nats.stream(Stream::Calls, |_| {}).await?;
        let dir = tempfile::tempdir()?;
        let log = open_log(dir.path()).await?;
        let pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
        append(&log, 0..1).await?;
        drained(&log).await?;
        nats.signal("-STOP")?;
        append(&log, 1..count).await?;
        blocked(&pump, "acknowledges nothing").await?;
        nats.signal("-CONT")?;
        drained(&log).await?;
        assert_eq!(ids(&nats).await?, expected(count));
        eventually("it is ready again", || async { Ok(pump.status().is_ready()) }).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_stream_blocks_its_own_lane_says_so_and_goes_on_once_it_has_room() -> Result<()> {
    for count in [10, 100] {
        let nats = Nats::start().await?;
        nats.stream(Stream::Calls, |stream| {
            (stream.max_bytes, stream.discard) = (1000, DiscardPolicy::New);
        })
        .await?;
        nats.stream(Stream::Crm, |_| {}).await?;
        let dir = tempfile::tempdir()?;
        let log = open_log(dir.path()).await?;
        let pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
        append(&log, 0..count).await?;
        blocked(&pump, "maximum bytes").await?;
        let subject = Subject::command(&LeadDeleteV1 { lead_id: uuid::Uuid::nil().into() });
        log.append(NewEvent { subject, ..event(1000)? }).await?;
        eventually("another stream takes its event", || async {
            Ok(nats.messages(Stream::Crm).await?.len() == 1)
        })
        .await?;
        let js = jetstream::new(nats.client().await?);
        let mut config = js.get_stream("CALLS").await?.cached_info().config.clone();
        config.max_bytes = -1;
        js.update_stream(&config).await?;
        drained(&log).await?;
        assert_eq!(ids(&nats).await?, expected(count));
        assert_eq!(log.stats().rejected, 0);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ack_leads_to_a_second_try_and_no_second_message() -> Result<()> {
    for count in [3, 100] {
        let nats = Nats::start().await?;
        nats.stream(Stream::Calls, |_| {}).await?;
        let swallowed = Arc::new(Barrier::new(2));
        let port = lossy_proxy(nats.port, Arc::clone(&swallowed)).await?;
        let dir = tempfile::tempdir()?;
        let log = open_log(dir.path()).await?;
        append(&log, 0..count).await?;
        let _pump = start_pump(&log, connect(port).await?, &CancellationToken::new());
        timeout(SOON, swallowed.wait()).await.context("no ack came by")?;
        assert_ne!(log.stats().depth, 0, "without the ack the rows stay");
        swallowed.wait().await;
        eventually("the stream has them", || async { Ok(ids(&nats).await?.len() >= count) }).await?;
        drained(&log).await?;
        assert_eq!(ids(&nats).await?, expected(count));
    }
    Ok(())
}

/// Passes everything on, except the first PubAck. Both sides then meet at the barrier twice, and no
/// other ack comes by between.
async fn lossy_proxy(server: u16, swallowed: Arc<Barrier>) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        let mut lossy = true;
        while let Ok((client, _)) = listener.accept().await {
            let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
            let (mut from_client, to_client) = client.into_split();
            let (from_server, mut to_server) = upstream.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
            let swallowed = std::mem::take(&mut lossy).then(|| Arc::clone(&swallowed));
            tokio::spawn(pass_answers(BufReader::new(from_server), to_client, swallowed));
        }
    });
    Ok(port)
}

/// Reads the server's protocol: lines, and after `MSG` or `HMSG` a body of the
/// length that the line ends with.
async fn pass_answers<R, W>(
    mut server: BufReader<R>,
    mut client: W,
    mut swallow: Option<Arc<Barrier>>,
) -> Result<()>
where
    R: tokio::io::AsyncRead + Unpin,
    W: tokio::io::AsyncWrite + Unpin,
{
    loop {
        let mut frame = Vec::new();
        if server.read_until(b'\n', &mut frame).await? == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&frame).trim().to_owned();
        if line.starts_with("MSG ") || line.starts_with("HMSG ") {
            let length: usize = line.rsplit(' ').next().context("no length")?.parse()?;
            let mut body = vec![0; length + 2];
            server.read_exact(&mut body).await?;
            let is_ack = String::from_utf8_lossy(&body).contains("\"stream\":\"CALLS\"");
            frame.append(&mut body);
            if is_ack && let Some(swallowed) = swallow.take() {
                swallowed.wait().await;
                swallowed.wait().await;
                continue;
            }
        }
        client.write_all(&frame).await?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_process_has_gone_is_drained_by_another() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let dir = tempfile::tempdir()?;
    let first = open_log(dir.path()).await?;
    let second = open_log(dir.path()).await?;
    let third = open_log(dir.path()).await?;
    let slots = [&first, &second, &third].map(EventLog::slot_name);
    assert_eq!(slots, ["slot-0", "slot-1", "slot-2"]);
    append(&first, 0..70).await?;
    append(&third, 70..71).await?;
    third.close().await;
    let _pump = start_pump(&second, nats.client().await?, &CancellationToken::new());
    // Slots are looked at in their order: that of the third comes after that of the first.
    eventually("an orphan is drained", || async { Ok(!ids(&nats).await?.is_empty()) }).await?;
    assert_eq!(ids(&nats).await?, ["event-70"], "a log that somebody holds is left alone");
    first.close().await;
    eventually("the other orphan is drained", || async { Ok(ids(&nats).await? == expected(71)) }).await?;
    eventually("its slot is free again", || async {
        let log = open_log(dir.path()).await?;
        let is_free = log.slot_name() == "slot-0" && log.stats().depth == 0;
        log.close().await;
        Ok(is_free)
    })
    .await
}

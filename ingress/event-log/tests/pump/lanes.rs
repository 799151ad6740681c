//! Rows that end a lane, or cannot even be sent: they make way, the others flow.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};
use prosaas_event_log::NewEvent;
use prosaas_events::{
    dead_letter::{DeadLetterV1, DeadReason},
    subjects::Stream,
};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tokio_util::sync::CancellationToken;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::support::{Nats, append, connect, drained, event, eventually, open_log, start_pump};

/// How often the lane still panics where it gives up an event of this id.
static PANICS: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(|| {
    let set = tracing::subscriber::set_global_default(PanickingLog);
    assert!(set.is_ok(), "another test has a log of its own");
    Mutex::default()
});

fn panics(id: &str, times: usize) {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), times);
}

/// A log that panics when it is told of such an event: a lane that gives one up says so.
struct PanickingLog;

impl Subscriber for PanickingLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("prosaas_event_log::pump")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut PanickingLog);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for PanickingLog {
    fn record_str(&mut self, field: &Field, value: &str) {
        let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        let left = panics.get_mut(value).filter(|left| field.name() == "event.id" && **left > 0);
        if let Some(left) = left {
            *left -= 1;
            drop(panics);
            std::panic::resume_unwind(Box::new("the log has stopped"));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

async fn only_letter(nats: &Nats) -> Result<DeadLetterV1> {
    let found = nats.messages(Stream::Dead).await?;
    let [letter] = found.as_slice() else { bail!("{} dead letters", found.len()) };
    Ok(serde_json::from_slice(&letter.payload)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_makes_its_lane_panic_is_set_aside_and_the_others_flow() -> Result<()> {
    for count in [1, 3, 100] {
        let nats = Nats::start().await?;
        nats.stream(Stream::Calls, |stream| stream.max_message_size = 1000).await?;
        nats.stream(Stream::Dead, |_| {}).await?;
        let dir = tempfile::tempdir()?;
        let log = open_log(dir.path()).await?;
        append(&log, 0..count).await?;
        // The stream refuses it, and both of the lane's tries to give it up panic.
        let id = format!("poison-{count}");
        panics(&id, 2);
        log.append(NewEvent { id: id.parse()?, payload: vec![b'x'; 3000].into(), ..event(1000)? }).await?;
        append(&log, count..2 * count).await?;
        let pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
        drained(&log).await?;

        let mut ids: Vec<_> = nats.messages(Stream::Calls).await?.into_iter().map(|m| m.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2 * count, "all but the one");
        let letter = only_letter(&nats).await?;
        assert_eq!(
            (letter.reason, letter.id.as_str()),
            (DeadReason::Rejected, format!("log:{id}:pump").as_str())
        );
        assert!(letter.error_chain[0].contains("the log has stopped"), "{:?}", letter.error_chain);
        assert_eq!(log.stats().rejected, 1);
        eventually("all is well again", || async { Ok(pump.status().problems().is_empty()) }).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_ends_again_and_again_is_no_ready_lane_and_goes_on_once_it_can() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |stream| stream.max_message_size = 1000).await?;
    nats.stream(Stream::Dead, |_| {}).await?;
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    panics("endless", usize::MAX);
    log.append(NewEvent { id: "endless".parse()?, payload: vec![b'x'; 3000].into(), ..event(0)? }).await?;
    let shutdown = CancellationToken::new();
    let pump = start_pump(&log, nats.client().await?, &shutdown);
    eventually("/ready would say so", || async { Ok(!pump.status().is_ready()) }).await?;
    assert!(format!("{:?}", pump.status().problems()).contains("the log has stopped"));
    panics("endless", 0);
    drained(&log).await?;
    only_letter(&nats).await?;
    eventually("all is well again", || async { Ok(pump.status().is_ready()) }).await?;
    shutdown.cancel();
    pump.stopped().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_an_older_release_left_with_an_id_that_no_header_holds_is_set_aside() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = open_log(dir.path()).await?;
    append(&log, 0..30).await?;
    log.close().await;
    let options = SqliteConnectOptions::new().filename(dir.path().join("slot-0/events.db"));
    let mut conn = options.connect().await?;
    sqlx::query("UPDATE events SET id = ?1 WHERE id = 'event-7'")
        .bind("call.dialed:CA7:CA8\r\nX-Y: z:busy")
        .execute(&mut conn)
        .await?;
    conn.close().await?;

    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    nats.stream(Stream::Dead, |_| {}).await?;
    let log = open_log(dir.path()).await?;
    let _pump = start_pump(&log, connect(nats.port).await?, &CancellationToken::new());
    drained(&log).await?;
    assert_eq!(nats.messages(Stream::Calls).await?.len(), 29);
    let letter = only_letter(&nats).await?;
    let (_, id) = letter.headers.first().context("the id")?;
    assert!(id.contains("\r\n"), "{id:?}");
    Ok(())
}

//! What is looked at now and then: free space, the oldest row's age, the gauges,
//! and whether the last resort can be moved into the log.

use std::{io, sync::Weak};

use futures_util::future::try_join_all;
use tokio::time::{MissedTickBehavior, interval};

use super::{Inner, last_resort::LastResort, writer::Command};

/// Whether a log's figures are those of the process. A log that is drained for
/// another process must not overwrite them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gauges {
    Exported,
    Silent,
}

/// Looks every tick, as long as somebody holds the log.
pub(super) async fn run(log: Weak<Inner>, gauges: Gauges) {
    let Some(every) = log.upgrade().map(|log| log.config.tick) else { return };
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(log) = log.upgrade() else { return };
        if log.commands.is_closed() {
            return;
        }
        look(&log).await;
        if gauges == Gauges::Exported {
            export(&log);
        }
    }
}

async fn look(log: &Inner) {
    // A writer that is busy looks by itself.
    let _ = log.commands.try_send(Command::Look);
    let Some(place) = log.place.get() else { return };
    if let Err(error) = place.space.measure() {
        tracing::warn!(%error, "the event log's free space is not known, or its ballast cannot be made");
    }
    if !log.shared.is_open() {
        return;
    }
    match place.reader.lock().await.oldest_ms().await {
        Ok(at) => log.shared.set_oldest_ms(at),
        Err(error) => tracing::warn!(%error, "the event log's oldest row cannot be read"),
    }
    if place.last_resort.is_pending()
        && place.space.accepting()
        && let Err(error) = replay(log, &place.last_resort).await
    {
        tracing::warn!(%error, "the last resort could not be moved into the log yet");
    }
}

/// Moves the last resort into the log. Its file goes only after every row is
/// committed; a second move of the same rows changes nothing, their ids are there.
async fn replay(log: &Inner, last_resort: &LastResort) -> io::Result<()> {
    let files = last_resort.clone();
    let Some(mut replay) = blocking(move || files.begin()).await? else { return Ok(()) };
    let mut moved = 0_usize;
    loop {
        let (rest, rows) = blocking(move || replay.next_rows()).await?;
        replay = rest;
        if rows.is_empty() {
            break;
        }
        moved = moved.saturating_add(rows.len());
        let appends = rows.into_iter().map(|row| log.ask(|reply| Command::Append(row, reply)));
        try_join_all(appends).await.map_err(|_| io::Error::other("the log does not take them"))?;
    }
    let files = last_resort.clone();
    blocking(move || files.finish()).await?;
    tracing::info!(events = moved, "the last resort was moved into the log");
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; these counts are far below 2^52")]
fn export(log: &Inner) {
    let stats = log.stats();
    metrics::gauge!("prosaas_log_depth").set(stats.depth as f64);
    metrics::gauge!("prosaas_log_oldest_age_seconds").set(stats.oldest_age.as_secs_f64());
    metrics::gauge!("prosaas_log_bytes").set(stats.bytes as f64);
    metrics::gauge!("prosaas_log_rejected").set(stats.rejected as f64);
}

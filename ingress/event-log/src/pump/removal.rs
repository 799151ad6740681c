//! Deletes what was published, a little later and together: a delete is a commit of
//! its own, and for every few events it would stand in the way of as many appends.

use std::time::Duration;

use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::until::until_done;
use crate::EventLog;

/// As many are deleted without waiting for more.
const ENOUGH: usize = 500;

/// The longest that a published row stays. What a kill leaves is published once more,
/// under its id.
const LATEST: Duration = Duration::from_millis(100);

/// Rows that are published and not deleted yet.
#[derive(Debug, Default)]
pub(super) struct Removals {
    waiting: Vec<i64>,
    due: Option<Instant>,
    running: Option<JoinHandle<()>>,
}

impl Removals {
    /// Notes rows that are in the stream.
    pub(super) fn add(&mut self, seqs: impl Iterator<Item = i64>) {
        self.waiting.extend(seqs);
        self.due.get_or_insert_with(|| Instant::now() + LATEST);
    }

    /// How long until something must be deleted; none when nothing waits.
    pub(super) fn due_in(&self) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// Deletes in the background, where it is time to. One delete runs at once: a
    /// second waits here, and so holds up whoever publishes faster than is deleted.
    pub(super) async fn run_due(&mut self, log: &EventLog, shutdown: &CancellationToken) {
        let due = self.due_in().is_some_and(|left| left.is_zero());
        if due || self.waiting.len() >= ENOUGH {
            self.run(log, shutdown).await;
        }
    }

    /// Deletes everything, and waits until it is done.
    pub(super) async fn finish(&mut self, log: &EventLog, shutdown: &CancellationToken) {
        self.run(log, shutdown).await;
        self.ended().await;
    }

    async fn run(&mut self, log: &EventLog, shutdown: &CancellationToken) {
        self.ended().await;
        self.due = None;
        if self.waiting.is_empty() {
            return;
        }
        let seqs = std::mem::take(&mut self.waiting);
        let (log, shutdown) = (log.clone(), shutdown.clone());
        self.running =
            Some(tokio::spawn(async move { until_done(&shutdown, || log.remove(seqs.clone())).await }));
    }

    async fn ended(&mut self) {
        if let Some(running) = self.running.take()
            && let Err(error) = running.await
        {
            tracing::error!(%error, "a delete of published rows failed");
        }
    }
}

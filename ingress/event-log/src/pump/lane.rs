//! One lane: the rows of one stream, oldest first, until the log is empty.

use std::{collections::HashMap, future::Future, time::Duration};

use async_nats::{Client, connection::State};
use prosaas_events::subjects::Stream;
use prosaas_platform::bus::publisher::{
    BATCH_MAX, BATCH_MIN, PIPELINE, Reason, Verdict, publish_batch, publish_singly,
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    aside::put_aside,
    options::PumpOptions,
    removal::Removals,
    status::{LaneState, PumpStatus},
    watch::Watch,
};
use crate::{EventLog, ReadLimit, StoredRow};

/// After fewer, the next batch is waited for a little: what a batch costs the server hardly
/// depends on how many are in it.
const BATCH_ENOUGH: usize = 500;

/// Most rows and bytes of a read.
const LIMIT: ReadLimit = ReadLimit { rows: BATCH_MAX, bytes: 4 * 1024 * 1024 };

/// One row, whatever its size.
const ONE: ReadLimit = ReadLimit { rows: 1, ..LIMIT };

/// Refusals of one row by an error that we do not know, before it is put aside.
const UNKNOWN_TRIES: u32 = 10;

/// Batches that arrive incomplete in a row, before each row is tried alone: the
/// server also calls a batch incomplete of which it refused a member.
const INCOMPLETE_TRIES: u32 = 3;

/// Tries in a row without any answer from a server that is connected, before the stream
/// counts as blocked: that is what a stream does whose disk was full.
const SILENT_TRIES: u32 = 3;

/// What such a silence mostly means.
const SILENT: &str = "the server acknowledges nothing: a stream whose disk was full takes events again only after \
     nats-server is restarted";

const FIRST_DELAY: Duration = Duration::from_millis(50);
const LAST_DELAY: Duration = Duration::from_secs(2);

/// The rows in hand, and how they have fared.
struct Hand {
    rows: Vec<StoredRow>,
    singly: bool,
    failures: u32,
    silent: u32,
    incomplete: u32,
    unknown: HashMap<i64, u32>,
}

pub(super) struct Lane {
    pub(super) stream: Stream,
    pub(super) log: EventLog,
    pub(super) client: Client,
    pub(super) status: PumpStatus,
    pub(super) options: PumpOptions,
    pub(super) shutdown: CancellationToken,
    /// What is published and not deleted yet. The next rows are read and sent
    /// meanwhile: the cursor is past those.
    pub(super) removals: Removals,
    pub(super) watch: Watch,
}

impl Lane {
    /// The same lane at its beginning.
    pub(super) fn started(&self, watch: Watch) -> Self {
        Self {
            stream: self.stream,
            log: self.log.clone(),
            client: self.client.clone(),
            status: self.status.clone(),
            options: self.options,
            shutdown: self.shutdown.clone(),
            removals: Removals::default(),
            watch,
        }
    }

    /// Publishes until shutdown. Rows that are left stay in the log.
    pub(super) async fn run(mut self) {
        let mut cursor = 0_i64;
        while !self.shutdown.is_cancelled() {
            let limit = if self.watch.is_on() { ONE } else { LIMIT };
            let chunk = match self.log.read(self.stream, cursor, limit).await {
                Ok(chunk) => chunk,
                Err(error) => {
                    tracing::warn!(stream = %self.stream, %error, "the event log cannot be read");
                    self.pause(LAST_DELAY).await;
                    continue;
                }
            };
            let found = chunk.rows.len();
            if found > 0 {
                self.watch.note(&chunk.rows);
                self.deliver(chunk.rows).await;
                self.watch.passed();
            } else {
                self.flows();
                self.watch.end();
            }
            cursor = chunk.scanned_to;
            if found > 0 && limit.rows == ONE.rows {
                continue;
            }
            if found < BATCH_MIN {
                self.wait_for_rows(found).await;
            } else if found < BATCH_ENOUGH {
                self.pause(self.options.gather).await;
            }
        }
        self.removals.finish(&self.log, &self.shutdown).await;
    }

    /// Waits for new rows, and then a little more, so that they come in numbers.
    async fn wait_for_rows(&mut self, found: usize) {
        if found == 0 {
            let longest = self.removals.due_in().map_or(self.options.tick, |due| due.min(self.options.tick));
            let woken = timeout(longest, self.log.woken(self.stream));
            let _ = self.shutdown.run_until_cancelled(woken).await;
            self.removals.run_due(&self.log, &self.shutdown).await;
        }
        self.pause(self.options.linger).await;
    }

    /// Publishes and deletes the rows. Gives up only at shutdown.
    async fn deliver(&mut self, rows: Vec<StoredRow>) {
        let singly = rows.len() < BATCH_MIN;
        let mut hand = Hand { rows, singly, failures: 0, silent: 0, incomplete: 0, unknown: HashMap::new() };
        while !hand.rows.is_empty() && !self.shutdown.is_cancelled() {
            if self.client.connection_state() != State::Connected {
                // Nothing is handed to a client that would only queue it.
                self.retry(&mut hand, Reason::Disconnected).await;
                continue;
            }
            if hand.singly {
                self.deliver_singly(&mut hand).await;
            } else {
                self.deliver_batch(&mut hand).await;
            }
        }
        if hand.rows.is_empty() {
            self.flows();
        }
    }

    async fn deliver_batch(&mut self, hand: &mut Hand) {
        let sending = publish_batch(&self.client, self.stream, &hand.rows, self.options.ack_wait);
        let Some(verdict) = self.attempt(sending).await else { return };
        metrics::counter!("prosaas_pump_batches_total", "kind" => "atomic").increment(1);
        match verdict {
            Verdict::Stored => self.published(hand, usize::MAX).await,
            Verdict::Singly(reason) => {
                tracing::debug!(stream = %self.stream, reason = reason.as_str(), "the rows of a batch are sent singly");
                metrics::counter!("prosaas_pump_retries_total", "reason" => reason.as_str()).increment(1);
                hand.singly = true;
            }
            Verdict::Refused(_) | Verdict::Unknown(_) => hand.singly = true,
            Verdict::Retry(reason) => {
                hand.incomplete =
                    if reason == Reason::Incomplete { hand.incomplete.saturating_add(1) } else { 0 };
                hand.singly = hand.incomplete >= INCOMPLETE_TRIES;
                self.retry(hand, reason).await;
            }
            Verdict::Blocked(cause) => self.blocked(cause).await,
        }
    }

    /// The first rows in hand, each by itself. Stops at the first that has to wait.
    async fn deliver_singly(&mut self, hand: &mut Hand) {
        let some = hand.rows.get(..PIPELINE).unwrap_or(&hand.rows);
        let sending = publish_singly(&self.client, self.stream, some, self.options.ack_wait);
        let Some(verdicts) = self.attempt(sending).await else { return };
        metrics::counter!("prosaas_pump_batches_total", "kind" => "single").increment(1);
        let stored = verdicts.iter().take_while(|v| **v == Verdict::Stored).count();
        if stored > 0 {
            self.published(hand, stored).await;
        }
        // The rows after the first that failed are sent again under their ids.
        match verdicts.into_iter().nth(stored) {
            None | Some(Verdict::Stored) => {}
            Some(Verdict::Refused(cause)) => self.put_aside(hand, cause).await,
            Some(Verdict::Unknown(cause)) => self.unknown(hand, cause).await,
            Some(Verdict::Retry(reason) | Verdict::Singly(reason)) => self.retry(hand, reason).await,
            Some(Verdict::Blocked(cause)) => self.blocked(cause).await,
        }
    }

    /// Lets go of the first rows in hand, which are in the stream.
    async fn published(&mut self, hand: &mut Hand, count: usize) {
        let rows = hand.rows.drain(..count.min(hand.rows.len()));
        metrics::counter!("prosaas_pump_published_total", "stream" => self.stream.name())
            .increment(u64::try_from(rows.len()).unwrap_or(0));
        self.removals.add(rows.map(|row| row.seq));
        hand.failures = 0;
        hand.silent = 0;
        self.removals.run_due(&self.log, &self.shutdown).await;
    }

    /// Moves the first row in hand out of the way.
    async fn put_aside(&mut self, hand: &mut Hand, cause: String) {
        let Some(row) = hand.rows.first() else { return };
        let attempts = u64::from(hand.unknown.get(&row.seq).copied().unwrap_or(0)).saturating_add(1);
        put_aside((self.stream, &self.log, &self.shutdown), row, attempts, cause).await;
        hand.rows.remove(0);
    }

    /// An error that we do not know may be the row's or the stream's: the row is
    /// put aside only after many tries.
    async fn unknown(&mut self, hand: &mut Hand, cause: String) {
        let Some(seq) = hand.rows.first().map(|row| row.seq) else { return };
        let tries = hand.unknown.entry(seq).or_insert(0);
        *tries = tries.saturating_add(1);
        if *tries >= UNKNOWN_TRIES {
            self.put_aside(hand, cause).await;
        } else {
            tracing::warn!(stream = %self.stream, cause, "the stream refused an event");
            self.retry(hand, Reason::Unknown).await;
        }
    }

    /// Waits, longer each time.
    async fn retry(&self, hand: &mut Hand, reason: Reason) {
        hand.silent = if reason == Reason::Timeout { hand.silent.saturating_add(1) } else { 0 };
        if hand.silent >= SILENT_TRIES {
            return self.blocked(SILENT.to_owned()).await;
        }
        metrics::counter!("prosaas_pump_retries_total", "reason" => reason.as_str()).increment(1);
        if self.status.set(self.stream, LaneState::Retrying(reason.as_str())) {
            tracing::warn!(stream = %self.stream, reason = reason.as_str(), "publishing failed and is tried again");
        }
        let delay = FIRST_DELAY.saturating_mul(1 << hand.failures.min(8)).min(LAST_DELAY);
        hand.failures = hand.failures.saturating_add(1);
        self.pause(delay).await;
    }

    /// Nothing passes: says so once, and tries slowly.
    async fn blocked(&self, cause: String) {
        metrics::counter!("prosaas_pump_retries_total", "reason" => "blocked").increment(1);
        if self.status.set(self.stream, LaneState::Blocked(cause.clone())) {
            tracing::error!(stream = %self.stream, cause, "the stream takes no events; the log keeps them");
        }
        self.pause(LAST_DELAY).await;
    }

    fn flows(&self) {
        if self.status.set(self.stream, LaneState::Flowing) {
            tracing::info!(stream = %self.stream, "publishing again");
        }
    }

    /// Finishes what is in flight even during shutdown, but not for long.
    async fn attempt<T>(&self, sending: impl Future<Output = T>) -> Option<T> {
        let out_of_patience = async {
            self.shutdown.cancelled().await;
            sleep(self.options.stop_within).await;
        };
        tokio::select! {
            result = sending => Some(result),
            () = out_of_patience => None,
        }
    }

    async fn pause(&self, time: Duration) {
        let _ = self.shutdown.run_until_cancelled(sleep(time)).await;
    }
}

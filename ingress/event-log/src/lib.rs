//! The local log: an event that was acknowledged survives a power cut, whatever
//! the rest of the system does.
//!
//! ```text
//! append ─┐                       ┌─ commit (WAL, fsync) ─► answer
//! append ─┼─► one writer task ────┤
//! remove ─┘   (one connection)    └─ wakes the pump of the lane
//! pump ◄───── what was just committed; else a read-only connection, short queries
//! ```
//!
//! Each process holds a `slot-N` folder by a file lock: `events.db` with its WAL,
//! `ballast` (see [`EventLogConfig::ballast_bytes`]), and now and then
//! `last-resort.jsonl`. What cannot be opened is tried again: see [`opening`].

mod commit;
mod config;
mod connection;
mod damage;
mod fault;
mod fresh;
mod last_resort;
mod monitor;
mod opening;
pub(crate) mod orphans;
mod place;
pub mod publish;
pub mod pump;
mod reader;
mod row;
mod schema;
mod slot;
mod space;
mod stats;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    fmt, io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use prosaas_events::{MAX_EVENT_BYTES, subjects::Stream};
use prosaas_platform::clock::SharedClock;
use tokio::sync::{mpsc, oneshot};

use self::{
    commit::Rejection,
    connection::WriteError,
    place::Place,
    stats::Shared,
    writer::{Command, Reply},
};
pub use self::{config::EventLogConfig, row::NewEvent, stats::LogStats};
pub use self::{
    reader::{Chunk, ReadLimit},
    row::{NewRow, StoredRow},
};

/// Requests that may wait for the writer; more wait to be let in.
const QUEUE: usize = 4096;

/// Why there is no log: its folder cannot be made or locked, and no room will change that.
#[derive(Debug, thiserror::Error)]
#[error("the event log's folder cannot be used: {0}")]
pub struct OpenError(#[from] io::Error);

/// Why an event was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The log has reached its limit, or the disk is nearly full.
    #[error("the event log is full")]
    Full,
    /// The event has more than [`MAX_EVENT_BYTES`] bytes.
    #[error("the event is larger than {MAX_EVENT_BYTES} bytes")]
    TooLarge,
    /// The log cannot be written now. The event may have been kept all the same.
    #[error("the event log cannot be written")]
    Unavailable,
}

/// What became of a call's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is in the log.
    Logged,
    /// It is in the file of last resort, and moves into the log later.
    LastResort,
    /// The disk takes nothing at all. The error log has its id.
    Lost,
}

/// A handle to the log; cheap to clone.
#[derive(Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
}

struct Inner {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    /// Nothing while a full disk has no room for a slot's folder.
    place: OnceLock<Place>,
    clock: SharedClock,
    config: EventLogConfig,
    closed: AtomicBool,
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog").field("slot", &self.slot_name()).finish_non_exhaustive()
    }
}

impl EventLog {
    /// Keeps an event. Returns after the commit that holds it is on disk. The same
    /// id twice is one row and no error.
    pub async fn append(&self, event: NewEvent) -> Result<(), AppendError> {
        if event.payload.len() > MAX_EVENT_BYTES {
            return Err(AppendError::TooLarge);
        }
        if !self.inner.place.get().is_some_and(|place| place.space.accepting()) {
            return Err(AppendError::Full);
        }
        let row = event.into_row(self.inner.now_ms());
        let commit = self.inner.ask(|reply| Command::Append(row, reply));
        match tokio::time::timeout(self.inner.config.append_timeout, commit).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(WriteError::Full)) => Err(AppendError::Full),
            Ok(Err(WriteError::Unavailable)) | Err(_) => Err(AppendError::Unavailable),
        }
    }

    /// Keeps a call's event: in the log, or else in the file of last resort.
    pub async fn append_or_last_resort(&self, event: NewEvent) -> Appended {
        match self.append(event.clone()).await {
            Ok(()) => Appended::Logged,
            Err(cause) => self.inner.to_last_resort(event, cause).await,
        }
    }

    /// The log at this moment. Costs nothing; the age is a tick old.
    pub fn stats(&self) -> LogStats {
        self.inner.stats()
    }

    /// Whether the next event would be taken.
    pub fn is_accepting(&self) -> bool {
        self.problem().is_none()
    }

    /// Why no event would be taken now, for `/ready`.
    pub fn problem(&self) -> Option<String> {
        if self.inner.commands.is_closed() {
            return Some("its writer has ended".to_owned());
        }
        let trouble = self.inner.shared.trouble();
        trouble.or_else(|| self.inner.place.get().and_then(|place| place.space.problem()))
    }

    /// `slot-N`.
    pub fn slot_name(&self) -> &str {
        self.inner.place.get().map_or("no slot", |place| place.slot_name.as_str())
    }

    /// Commits what waits, closes the files and lets go of the slot. Other handles
    /// get [`AppendError::Unavailable`] from here on.
    pub async fn close(self) {
        self.inner.closed.store(true, Ordering::Release);
        if let Some(place) = self.inner.place.get() {
            place.reader.lock().await.close().await;
        }
        let (done, closed) = oneshot::channel();
        if self.inner.commands.send(Command::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }

    /// The next rows of a lane after a sequence number.
    pub async fn read(&self, lane: Stream, after: i64, limit: ReadLimit) -> Result<Chunk, sqlx::Error> {
        if let Some(chunk) = self.inner.shared.fresh.take(lane, after, limit) {
            return Ok(chunk);
        }
        match self.inner.place.get() {
            Some(place) if self.is_open() => place.reader.lock().await.read(lane, after, limit).await,
            _ => Ok(Chunk::default()),
        }
    }

    /// Waits for new rows of a lane.
    pub(crate) async fn woken(&self, lane: Stream) {
        self.inner.shared.woken(lane).await;
    }

    /// Deletes rows that are published. `false`: some may be left.
    pub(crate) async fn remove(&self, seqs: Vec<i64>) -> bool {
        self.inner.ask(|reply| Command::Remove(seqs, reply)).await.is_ok()
    }

    /// Puts a row aside with its dead letter. `false`: nothing was changed, or
    /// that is not known.
    pub(crate) async fn reject(&self, seq: i64, cause: String, dead_letter: Option<NewRow>) -> bool {
        let rejection = Rejection { seq, cause, at_ms: self.inner.now_ms(), dead_letter };
        self.inner.ask(|reply| Command::Reject(rejection, reply)).await.is_ok()
    }

    /// Whether nothing is left to publish.
    pub(crate) fn is_drained(&self) -> bool {
        let pending = self.inner.place.get().is_some_and(|place| place.last_resort.is_pending());
        self.inner.shared.depth() == 0 && !pending
    }

    /// Whether it is known what is in it.
    pub(crate) fn is_open(&self) -> bool {
        self.inner.shared.is_open()
    }

    pub(crate) fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    pub(crate) fn config(&self) -> &EventLogConfig {
        &self.inner.config
    }
}

impl Inner {
    fn now_ms(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    fn stats(&self) -> LogStats {
        let depth = self.shared.depth();
        let oldest_age = if depth == 0 { Duration::ZERO } else { self.shared.oldest_age(self.now_ms()) };
        let bytes = self.place.get().map_or(0, |place| place.space.used());
        LogStats { depth, oldest_age, bytes, rejected: self.shared.rejected() }
    }

    /// Gives the writer something to do and waits for it.
    async fn ask(&self, command: impl FnOnce(Reply<()>) -> Command) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| WriteError::Unavailable)?;
        answer.await.unwrap_or(Err(WriteError::Unavailable))
    }

    async fn to_last_resort(&self, event: NewEvent, cause: AppendError) -> Appended {
        let id = event.id.clone();
        if self.closed.load(Ordering::Acquire) {
            tracing::error!(event.id = %id, "an event came after the log was closed and is lost");
            return Appended::Lost;
        }
        let Some(place) = self.place.get() else {
            tracing::error!(event.id = %id, %cause, "an event is lost: the disk has no room for the log's folder");
            return Appended::Lost;
        };
        let row = event.into_row(self.now_ms());
        let (last_resort, space) = (place.last_resort.clone(), Arc::clone(&place.space));
        let write = tokio::task::spawn_blocking(move || match last_resort.write(&row) {
            // Somebody else filled the disk, and no append of ours has met that yet: what
            // is set aside is for this moment.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                space.disk_is_full();
                last_resort.write(&row)
            }
            written => written,
        });
        match tokio::time::timeout(self.config.append_timeout, write).await {
            Ok(Ok(Ok(()))) => {
                tracing::error!(event.id = %id, %cause, "an event went to the last resort");
                Appended::LastResort
            }
            Ok(Ok(Err(error))) => {
                tracing::error!(event.id = %id, %cause, %error, "an event is lost");
                Appended::Lost
            }
            Ok(Err(_)) | Err(_) => {
                tracing::error!(event.id = %id, %cause, "an event may be lost: the disk does not answer");
                Appended::Lost
            }
        }
    }
}

//! Figures about the log that cost nothing to read.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use prosaas_events::subjects::Stream;
use tokio::sync::Notify;

use super::fresh::Fresh;

/// The log at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogStats {
    /// Rows that wait to be published.
    pub depth: u64,
    /// How long the oldest of them has waited; zero when there is none.
    pub oldest_age: Duration,
    /// Bytes of the pages in use.
    pub bytes: u64,
    /// Rows that their stream refused for good and that stay here.
    pub rejected: u64,
}

/// What the tasks of one log share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// It was opened once: what is counted here is known.
    open: AtomicBool,
    /// Why nothing can be written.
    trouble: Mutex<Option<String>>,
    depth: AtomicU64,
    rejected: AtomicU64,
    /// When the oldest row came, milliseconds since 1970; zero for none.
    oldest_ms: AtomicI64,
    wakers: [Notify; Stream::PUMPED.len()],
    /// What the pump need not read from the file.
    pub(super) fresh: Fresh,
}

impl Shared {
    pub(super) fn set_open(&self) {
        self.open.store(true, Ordering::Release);
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Notes why nothing can be written; says whether that is another reason than before.
    pub(super) fn set_trouble(&self, why: Option<String>) -> bool {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *trouble != why;
        *trouble = why;
        is_new
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_depth(&self, rows: u64) {
        self.depth.store(rows, Ordering::Relaxed);
    }

    pub(super) fn added(&self, rows: u64) {
        self.depth.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn removed(&self, rows: u64) {
        // A failed write that took effect all the same can make the count drift:
        // it stops at zero, and is counted anew when the log is reopened.
        let _ =
            self.depth.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |d| Some(d.saturating_sub(rows)));
    }

    pub(crate) fn depth(&self) -> u64 {
        self.depth.load(Ordering::Relaxed)
    }

    pub(super) fn set_rejected(&self, rows: u64) {
        self.rejected.store(rows, Ordering::Relaxed);
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    pub(super) fn set_oldest_ms(&self, at: Option<i64>) {
        self.oldest_ms.store(at.unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn oldest_age(&self, now_ms: i64) -> Duration {
        match self.oldest_ms.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            at => Duration::from_millis(u64::try_from(now_ms.saturating_sub(at)).unwrap_or(0)),
        }
    }

    /// Wakes the pump of a lane.
    pub(super) fn wake(&self, lane: u8) {
        if let Some(waker) = self.wakers.get(usize::from(lane)) {
            waker.notify_one();
        }
    }

    /// Waits until a lane has new rows; at once when some came since the last wait.
    pub(crate) async fn woken(&self, stream: Stream) {
        if let Some(waker) = self.wakers.get(usize::from(stream.lane())) {
            waker.notified().await;
        }
    }
}

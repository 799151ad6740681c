//! A lane that was started again takes its rows one by one, noting each.

use std::sync::{Arc, Mutex, PoisonError};

use crate::StoredRow;

/// Rows that a lane takes one by one after it was started again: as many as it may have had
/// in hand. One that ends for a row behind them is started again once more.
const WATCHED_ROWS: usize = 1000;

/// How a lane that was started again is watched.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    left: usize,
    row: Arc<Mutex<Option<StoredRow>>>,
}

impl Watch {
    /// One that takes rows one by one for a while.
    pub(super) fn on() -> Self {
        Self { left: WATCHED_ROWS, ..Self::default() }
    }

    /// Whether rows are taken one by one.
    pub(super) const fn is_on(&self) -> bool {
        self.left > 0
    }

    /// Notes the row that is now in hand.
    pub(super) fn note(&self, rows: &[StoredRow]) {
        if let (true, [row]) = (self.is_on(), rows) {
            *self.row.lock().unwrap_or_else(PoisonError::into_inner) = Some(row.clone());
        }
    }

    /// The row has left the hand.
    pub(super) fn passed(&mut self) {
        if self.is_on() {
            self.left = self.left.saturating_sub(1);
            drop(self.take());
        }
    }

    /// Everything that was there has passed: rows are taken in numbers again.
    pub(super) const fn end(&mut self) {
        self.left = 0;
    }

    /// Takes the row that was in hand.
    pub(super) fn take(&self) -> Option<StoredRow> {
        self.row.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

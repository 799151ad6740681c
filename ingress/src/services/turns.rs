//! Fair turns: of each key only so many are at work at once, and the rest wait in line.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::Arc,
    time::Duration,
};

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most keys that are remembered.
const MAX_KEYS: u64 = 100_000;

/// A key is forgotten so long after it was last asked for; much longer than any turn.
const FORGOTTEN: Duration = Duration::from_mins(5);

/// As many turns at once for each key.
pub struct Turns {
    at_once: usize,
    hasher: RandomState,
    lines: Cache<u64, Arc<Semaphore>>,
}

impl Turns {
    /// Turns that nobody has taken.
    pub fn new(at_once: usize) -> Self {
        let lines = Cache::builder().max_capacity(MAX_KEYS).time_to_idle(FORGOTTEN).build();
        Self { at_once, hasher: RandomState::new(), lines }
    }

    /// Waits for a turn; it lasts as long as what is returned.
    pub async fn take(&self, key: impl Hash) -> Option<OwnedSemaphorePermit> {
        let line = self.lines.get_with(self.hasher.hash_one(key), || Arc::new(Semaphore::new(self.at_once)));
        // Nobody closes one: none is returned only in theory.
        line.acquire_owned().await.ok()
    }
}

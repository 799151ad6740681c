//! The wall clock, passed in so that a test can set it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Where a component reads the time of day. Durations use the monotonic clock.
pub trait Clock: Send + Sync + 'static {
    /// The present moment, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that several components share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock, ready to share.
pub fn system() -> SharedClock {
    Arc::new(SystemClock)
}

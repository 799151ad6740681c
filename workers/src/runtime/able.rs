//! Since when events could have been applied here.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

/// The moment from which this process has been able to apply events without a break: it runs, its consumer is not
/// paused, NATS and what the worker depends on answer. What was stored earlier has not waited for longer than that
/// by anybody's doing.
#[derive(Debug)]
pub(super) struct Able(Mutex<DateTime<Utc>>);

impl Able {
    /// From now on.
    pub const fn since(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    /// It was not able until now.
    pub fn again(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// How long an event has waited that was stored at `stored`, not counting what was before. By two clocks, so
    /// never less than nothing.
    pub fn waited(&self, stored: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (now - stored.max(since)).to_std().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_in_which_it_could_have_been_applied_counts() {
        let at = |second| DateTime::<Utc>::UNIX_EPOCH + chrono::TimeDelta::seconds(second);
        let able = Able::since(at(100));
        assert_eq!(able.waited(at(0), at(110)), Duration::from_secs(10), "stored before the start");
        assert_eq!(able.waited(at(105), at(110)), Duration::from_secs(5));
        assert_eq!(able.waited(at(120), at(110)), Duration::ZERO, "a clock that goes ahead");
        able.again(at(900));
        assert_eq!(able.waited(at(105), at(910)), Duration::from_secs(10), "after a pause");
    }
}

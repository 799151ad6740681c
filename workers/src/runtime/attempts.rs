//! What is remembered of an event's failed attempts until it succeeds or dies.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use prosaas_events::dead_letter::AttemptV1;

/// Most events whose attempts are remembered. The oldest are forgotten first: their
/// dead letters then tell only how many attempts there were.
const MAX_EVENTS: usize = 10_000;

/// Failed attempts by the event's sequence. It lives as long as the process: of
/// attempts that another process made only their number is known.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<BTreeMap<u64, Vec<AttemptV1>>>);

impl Failures {
    /// Remembers one.
    pub fn add(&self, sequence: u64, attempt: AttemptV1) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.entry(sequence).or_default().push(attempt);
        if events.len() > MAX_EVENTS {
            events.pop_first();
        }
    }

    /// How many events wait for another try, as far as they are remembered.
    pub fn events(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Those of an event that has come to its end.
    pub fn take(&self, sequence: u64) -> Vec<AttemptV1> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&sequence).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_taken_once_and_the_oldest_events_are_forgotten() {
        let failures = Failures::default();
        let attempt = |n| AttemptV1 {
            attempt: n,
            at: chrono::DateTime::UNIX_EPOCH,
            worker: String::new(),
            error: String::new(),
        };
        failures.add(1, attempt(1));
        failures.add(1, attempt(2));
        assert_eq!(failures.take(1).len(), 2);
        assert!(failures.take(1).is_empty());
        for sequence in 0..=10_000 {
            failures.add(sequence, attempt(1));
        }
        assert!(failures.take(0).is_empty() && failures.take(1).len() == 1);
    }
}

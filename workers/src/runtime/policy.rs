//! How often, how long and how many at once.

use std::time::Duration;

/// A worker's limits.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Events handled at once.
    pub concurrency: usize,
    /// Deliveries of one event before it is a dead letter.
    pub max_attempts: u64,
    /// Delays between the attempts; the last one repeats.
    pub schedule: &'static [Duration],
    /// Longest run of the handler.
    pub timeout: Duration,
    /// How long a stop waits for handlers before it breaks them off. The whole
    /// stop must end inside ten seconds.
    pub drain: Duration,
    /// How long the server holds a pull that nothing comes for.
    pub pull_expires: Duration,
    /// How often the server says that it still holds the pull.
    pub pull_heartbeat: Duration,
    /// How often the consumer is looked at: how far behind it is, and whether it is paused.
    pub look: Duration,
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const QUICK: &[Duration] = &[s(1), s(2), s(5), s(10), s(30), s(60)];
const PATIENT: &[Duration] = &[s(2), s(4), s(8), s(15), s(30), s(60), s(120), s(300), s(600)];

impl Policy {
    /// For work that is a transaction or two: twelve attempts in about seven minutes.
    pub const fn quick(concurrency: usize) -> Self {
        Self {
            concurrency,
            max_attempts: 12,
            schedule: QUICK,
            timeout: s(20),
            drain: s(7),
            pull_expires: s(30),
            pull_heartbeat: s(5),
            look: s(10),
        }
    }

    /// For what another service has to have ready: twenty attempts in about two hours.
    pub const fn patient(concurrency: usize) -> Self {
        Self { max_attempts: 20, schedule: PATIENT, timeout: s(15 * 60), ..Self::quick(concurrency) }
    }

    /// How long to wait after attempt number `attempt` (from 1) of the event with
    /// that sequence: the schedule's delay and up to a quarter more, spread by the
    /// sequence so that events which failed together do not come back together.
    pub fn delay(&self, attempt: u64, sequence: u64) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let base = self.schedule.get(index).or(self.schedule.last()).copied().unwrap_or(s(1));
        spread(base, sequence ^ attempt.rotate_left(32))
    }
}

/// Tries of waiting events in a second, on average: few enough that new events find the workers free.
const TRIES_PER_SECOND: u32 = 200;

/// What an event waits longer because `waiting` others wait too: on average the time that it takes to try them all
/// again at [`TRIES_PER_SECOND`], and at most twice that. The same for the same seed.
pub(super) fn apart(waiting: usize, seed: u64) -> Duration {
    let round = Duration::from_secs(2) / TRIES_PER_SECOND * u32::try_from(waiting).unwrap_or(u32::MAX);
    let thousandths = u32::try_from(mixed(seed) % 1000).unwrap_or(0);
    round / 1000 * thousandths
}

/// `base` and up to a quarter more, the same for the same seed.
pub(super) fn spread(base: Duration, seed: u64) -> Duration {
    let thousandths = u32::try_from(mixed(seed) % 250).unwrap_or(0);
    base + base * thousandths / 1000
}

/// SplitMix64's finalizer: neighbours end far apart.
const fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_stay_within_a_quarter() {
        let policy = Policy::quick(1);
        for sequence in 0..100 {
            for (attempt, base) in [(1, 1), (2, 2), (3, 5), (4, 10), (5, 30), (6, 60), (7, 60), (500, 60)] {
                let delay = policy.delay(attempt, sequence);
                assert!(delay >= s(base) && delay <= s(base).mul_f64(1.25), "{attempt}: {delay:?}");
            }
        }
        assert_ne!(policy.delay(3, 1), policy.delay(3, 2), "neighbours are spread");
    }

    #[test]
    fn the_more_events_wait_the_further_apart_they_come_back() {
        assert!(apart(1, 7) <= Duration::from_millis(10), "one alone waits by its schedule");
        let waits: Vec<_> = (0..10_000).map(|sequence| apart(10_000, sequence)).collect();
        assert!(waits.iter().all(|wait| *wait < s(100)));
        for second in 0..100 {
            let due = waits.iter().filter(|wait| wait.as_secs() == second).count();
            assert!((50..=150).contains(&due), "{due} in second {second}");
        }
    }
}

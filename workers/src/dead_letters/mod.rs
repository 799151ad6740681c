//! Dead letters: filed in Postgres, where people find them.
//!
//! ```text
//! worker's verdict ─► DEAD ───────► DeadLettersWorker ┐
//!                                                     ├► file: one row an event
//! server's advisory ► ADVISORIES ─► AdvisoriesWorker ─┘
//! ```
//!
//! A worker that gives an event up publishes the dead letter, then terminates the
//! event, which the server reports as well: both reports have the same key and are one.
//! One that dies between the two leaves the dead letter, and its event comes again; one
//! that dies before leaves the event, until the server gives it up. So there is neither
//! a gap nor a double.
//!
//! Filing never gives up: there is no place for the dead letter of a dead letter.

pub mod advisories;
pub mod discard;
pub mod file;
mod letter;
pub mod open;
pub mod report;
mod rows;
pub mod verdicts;

use std::time::Duration;

use crate::runtime::Policy;

pub use self::{advisories::AdvisoriesWorker, verdicts::DeadLettersWorker};

/// Filing is tried for ever.
pub const fn policy(concurrency: usize) -> Policy {
    const SCHEDULE: &[Duration] =
        &[Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(1)];
    Policy { max_attempts: u64::MAX, schedule: SCHEDULE, ..Policy::quick(concurrency) }
}

//! Replays: events run again by the only consumer that they belong to.
//!
//! ```text
//! start ─► replay_jobs, replay_items (the choice, frozen) ─► runner, under a lease:
//!     claim a few ─► commit ─► publish on replay.<consumer>.… ─► note
//!     processed mark there ─► succeeded        dead letter filed ─► failed
//! ```
//!
//! What was claimed is published again, under the same message id, by whoever holds
//! the lease next; the processed mark makes that harmless. A replay has ended when
//! every event of it has its result.

mod cancel;
mod claim;
mod job;
mod publish;
mod runner;
mod settle;
mod start;

use crate::crm::refusal::Refusal;

pub use self::{
    cancel::cancel,
    runner::{Runner, run},
    start::{NewReplay, Started, StreamEvent, Why, start, start_events},
};

/// The selection holds another number than the person saw.
pub(crate) fn count_changed(expected: i64, found: i64) -> Refusal {
    Refusal::count_changed(format!(
        "You confirmed {expected}, and now there are {found}. Count again, then repeat it."
    ))
}

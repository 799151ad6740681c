//! What every worker shares, in layers around its handler:
//!
//! ```text
//! pull (heartbeats watched, restarted) ─► places (bounded concurrency, each business in its turn)
//!   └► where the worker can: all that has come meanwhile in one transaction, see [`batch`]
//!   └► in-progress acks every third of ack_wait
//!       └► decode ─► span with the event's trace as parent
//!           └► wait in place while a dependency is away (never counted)
//!               └► panic caught, time limited ─► the handler
//!   ◄── ack after the commit | NAK with a delay | dead letter, then TERM
//! ```
//!
//! A handler only says what happens next: [`Done`] or a [`Failure`].
//!
//! Attempts are JetStream's own delivery count, so that they outlive the process
//! and a handler that kills its process is counted too. An outage of Postgres
//! costs no delivery: the event stays here, kept alive by in-progress acks, and
//! nothing more is pulled until the dependency answers. The consumer's
//! `max_deliver` stands far above [`Policy::max_attempts`]; the advisory that it
//! raises is the last resort only.
//!
//! Waiting is not working. An event that waits for its next try holds no place, the
//! consumer's window is far larger than any number of them, and the more wait, the
//! further apart they come back ([`Policy::delay`]): the server delivers what is due
//! again before anything new.

mod able;
mod attempts;
mod batch;
mod bus;
mod dead;
mod deliver;
mod delivery;
mod failure;
mod lag;
mod outage;
mod places;
mod policy;
mod processed;
mod pull;
mod retries;
mod run;
mod shared;
mod turns;
mod worker;

pub use bus::Bus;
pub use delivery::Delivery;
pub use failure::{Cause, Failure, is_away};
pub use policy::Policy;
pub use processed::{Mark, mark_all_processed, mark_processed};
pub use retries::Retries;
pub use run::run;
pub use worker::{Done, Job, Meta, Worker};

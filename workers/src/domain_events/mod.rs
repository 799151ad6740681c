//! Domain events: what a transaction has changed, written into the outbox by that transaction and moved into the
//! stream `EVENTS` by the [`relay`].
//!
//! ```text
//! worker's transaction: row ─ audit ─ processed mark ─ outbox ──commit──► relay ─► EVENTS ─► whoever acts on it
//! ```

mod outbox;
pub mod relay;

pub use outbox::{Pending, Trigger, raise, raise_all};

//! What each called number should answer, in memory: loaded from a snapshot
//! before the ingress listens, kept fresh by a watch on NATS.

mod directory;
mod snapshot;
mod watch;

pub use directory::{BusinessAnswers, Directory, SharedDirectory};
pub use snapshot::Snapshot;
pub use watch::watch;

//! One delivery of an event.

use std::time::Duration;

/// One delivery of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The stream that keeps it.
    pub stream: String,
    /// Its sequence there.
    pub sequence: u64,
    /// The subject that it arrived on; a replay's begins with `replay.`.
    pub subject: String,
    /// How often it has been delivered, this time included, from 1.
    pub attempt: u64,
    /// Whether a failure now is the last one.
    pub last: bool,
    /// How long it lay in the stream before this delivery while it could have been applied: not while its
    /// consumer was paused, no worker ran, or NATS or the database was away.
    pub waited: Duration,
}

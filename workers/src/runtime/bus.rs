//! What workers reach the server and the time through.

use std::sync::Arc;

use async_nats::{Client, jetstream};
use prosaas_platform::clock::SharedClock;
use tokio::sync::Notify;

use super::Retries;

/// What workers reach the server and the time through.
#[derive(Clone)]
pub struct Bus {
    /// The connection.
    pub client: Client,
    /// JetStream on it.
    pub jetstream: jetstream::Context,
    /// The wall clock.
    pub clock: SharedClock,
    /// This process, as dead letters name it.
    pub process: Arc<str>,
    /// Where events that wait for another try are reported.
    pub retries: Retries,
    /// Rung after each event that was applied: its domain events can travel.
    pub committed: Arc<Notify>,
}

//! What the deliveries of one worker share.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Policy, Worker, able::Able, attempts::Failures, bus::Bus, outage::Outage};

/// What the deliveries of one worker share.
pub(super) struct Shared<W> {
    pub worker: W,
    pub bus: Bus,
    pub policy: Policy,
    /// The consumer's `ack_wait`.
    pub ack_wait: Duration,
    pub outage: Outage,
    pub able: Able,
    pub failures: Failures,
    /// A stop has begun: nothing waits any more.
    pub stop: CancellationToken,
    /// The stop's time is over: handlers are broken off.
    pub kill: CancellationToken,
}

impl<W: Worker> Shared<W> {
    /// Waits until what the worker depends on answers.
    pub async fn pass_outage(&self) {
        if self.outage.pass(self.worker.consumer(), || self.worker.ready()).await {
            self.able.again(self.bus.clock.now());
        }
    }
}

//! Who used the processors.

use std::time::{Duration, Instant};

use crate::process::{self, Process};

/// Processor time so far.
pub struct Spent {
    at: Instant,
    server: Duration,
    nats: Duration,
    generator: Duration,
    machine: Duration,
}

impl Spent {
    /// At this moment.
    pub fn now(server: &Process, nats: &Process) -> anyhow::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            server: server.cpu()?,
            nats: nats.cpu()?,
            generator: process::own_cpu()?,
            machine: process::machine_cpu()?,
        })
    }

    /// From `before` until this moment.
    pub fn since(&self, before: &Self) -> Between {
        let server = self.server.saturating_sub(before.server);
        let nats = self.nats.saturating_sub(before.nats);
        let generator = self.generator.saturating_sub(before.generator);
        let machine = self.machine.saturating_sub(before.machine);
        let others = machine.saturating_sub(server).saturating_sub(nats).saturating_sub(generator);
        Between { elapsed: self.at.duration_since(before.at), server, nats, others }
    }
}

/// Processor time between two moments.
pub struct Between {
    elapsed: Duration,
    /// The server's.
    pub server: Duration,
    /// nats-server's.
    pub nats: Duration,
    others: Duration,
}

impl Between {
    /// The part of all processors that went to anybody else, per cent.
    pub fn others_percent(&self) -> anyhow::Result<f64> {
        let processors = u32::try_from(std::thread::available_parallelism()?.get())?;
        Ok(self.others.as_secs_f64() / (self.elapsed.as_secs_f64() * f64::from(processors)) * 100.0)
    }
}

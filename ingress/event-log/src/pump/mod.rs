//! The pump: moves the local log into JetStream, in order, a lane for each stream.
//!
//! ```text
//! read ≤ 1000 rows ─► ≥ 20: atomic batch ── stored ─► delete
//!                 │         └ a duplicate inside ─► singly, same ids
//!                 └─► < 20: single publishes ── stored or duplicate ─► delete
//!                           └ refused for good ─► `rejected`, and a dead letter
//! ```
//!
//! A lane that ends is started again, see [`supervisor`].

mod aside;
mod dead;
mod lane;
mod options;
mod removal;
mod status;
mod supervisor;
mod until;
mod watch;

use std::future::Future;

use async_nats::Client;
use prosaas_events::subjects::Stream;
use tokio::{
    task::{JoinError, JoinHandle, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use self::{lane::Lane, removal::Removals, watch::Watch};
pub use self::{
    options::PumpOptions,
    status::{LaneState, PumpStatus},
};
use crate::{EventLog, orphans::Orphans};

/// A running pump.
#[derive(Debug)]
pub struct Pump {
    status: PumpStatus,
    task: JoinHandle<()>,
}

impl Pump {
    /// How its lanes are.
    pub fn status(&self) -> PumpStatus {
        self.status.clone()
    }

    /// Waits until it has stopped, which the token of [`spawn`] tells it to.
    pub async fn stopped(self) -> Result<(), JoinError> {
        self.task.await
    }
}

/// Starts the pump of a log, and of the logs beside it that nobody holds. When
/// `shutdown` is cancelled it finishes what is in flight and stops within
/// [`PumpOptions::stop_within`]; what is left is published after the next start.
pub fn spawn(log: EventLog, client: Client, shutdown: CancellationToken) -> Pump {
    spawn_with(log, client, shutdown, PumpOptions::default())
}

/// As [`spawn`], with other times.
pub fn spawn_with(log: EventLog, client: Client, shutdown: CancellationToken, options: PumpOptions) -> Pump {
    let status = PumpStatus::default();
    let pump = Tasks { client, options, status: status.clone() };
    Pump { status, task: tokio::spawn(pump.run(log, shutdown)) }
}

/// As [`spawn`], but nothing leaves the log before `gate` resolves: what a server
/// acknowledges is deleted here, so that server must be known to keep it.
pub fn spawn_behind(
    gate: impl Future<Output = ()> + Send + 'static,
    log: EventLog,
    client: Client,
    shutdown: CancellationToken,
) -> Pump {
    let status = PumpStatus::default();
    let pump = Tasks { client, options: PumpOptions::default(), status: status.clone() };
    let task = async move {
        if shutdown.run_until_cancelled(gate).await.is_some() {
            pump.run(log, shutdown).await;
        }
    };
    Pump { status, task: tokio::spawn(task) }
}

/// What every lane gets.
#[derive(Clone)]
struct Tasks {
    client: Client,
    options: PumpOptions,
    status: PumpStatus,
}

impl Tasks {
    async fn run(self, log: EventLog, shutdown: CancellationToken) {
        let mut lanes = self.lanes(&log, &self.status, &shutdown);
        let stop = shutdown.clone();
        let drains = move || self.clone().drain_orphans(log.clone(), shutdown.clone());
        lanes.spawn(supervisor::run_task("orphans", stop, drains));
        while let Some(ended) = lanes.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task of the pump failed");
            }
        }
    }

    fn lanes(&self, log: &EventLog, status: &PumpStatus, shutdown: &CancellationToken) -> JoinSet<()> {
        let lane = |stream| Lane {
            stream,
            log: log.clone(),
            client: self.client.clone(),
            status: status.clone(),
            options: self.options,
            shutdown: shutdown.clone(),
            removals: Removals::default(),
            watch: Watch::default(),
        };
        Stream::PUMPED.into_iter().map(|stream| supervisor::run(lane(stream))).collect()
    }

    /// Looks for orphaned logs now and then, and empties them. One that a missing
    /// stream holds up does not hold the others up.
    async fn drain_orphans(self, own: EventLog, shutdown: CancellationToken) {
        let mut orphans = Orphans::default();
        let mut drains = JoinSet::new();
        let every = own.config().orphan_interval;
        while !shutdown.is_cancelled() {
            match orphans.open(&own).await {
                Ok(logs) => {
                    for log in logs {
                        drains.spawn(self.clone().drain(log, shutdown.child_token()));
                    }
                }
                Err(error) => tracing::warn!(%error, "orphaned logs cannot be looked for"),
            }
            let _ = shutdown.run_until_cancelled(sleep(every)).await;
            while drains.try_join_next().is_some() {}
        }
        while drains.join_next().await.is_some() {}
    }

    /// Publishes all of a log that is not ours, then lets go of it. Its lanes have
    /// their own status: what they wait for, ours wait for as well.
    async fn drain(self, log: EventLog, stop: CancellationToken) {
        let mut lanes = self.lanes(&log, &PumpStatus::default(), &stop);
        while !log.is_drained() && !stop.is_cancelled() {
            let _ = stop.run_until_cancelled(sleep(self.options.tick)).await;
        }
        stop.cancel();
        while lanes.join_next().await.is_some() {}
        tracing::info!(slot = log.slot_name(), left = log.stats().depth, "an orphaned log was released");
        log.close().await;
    }
}

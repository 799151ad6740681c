//! What is done to the running system, and undone.

use std::time::Duration;

use anyhow::Context as _;
use prosaas_tests::{
    eventually::eventually,
    random::Random,
    small_disk::SmallDisk,
    stack::{Breakable, Stack},
};

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9`, and a new start.
    WorkersKilled,
    IngressKilled,
    NatsKilled,
    PostgresKilled,
    /// `kill -9` of one of Postgres's processes: the server ends all sessions and recovers.
    PostgresProcessKilled,
    /// SIGSTOP, and SIGCONT later.
    WorkersStopped,
    IngressStopped,
    NatsStopped,
    PostgresStopped,
    /// Every connection is cut and none is let in.
    PostgresCut,
    TwilioCut,
    /// The server ends every session.
    PostgresSessionsEnded,
    /// Somebody fills the disk of the ingress's local log.
    DiskFilled,
    /// The same with the streams' disk. They take nothing more until nats-server is started
    /// again, which its health check sees to once there is room.
    NatsDiskFilled,
    /// nats-server starts on a disk of which nine tenths are taken.
    NatsRestartedOnFullDisk,
}

const ALL: [Fault; 15] = [
    Fault::WorkersKilled,
    Fault::IngressKilled,
    Fault::NatsKilled,
    Fault::PostgresKilled,
    Fault::PostgresProcessKilled,
    Fault::WorkersStopped,
    Fault::IngressStopped,
    Fault::NatsStopped,
    Fault::PostgresStopped,
    Fault::PostgresCut,
    Fault::TwilioCut,
    Fault::PostgresSessionsEnded,
    Fault::DiskFilled,
    Fault::NatsDiskFilled,
    Fault::NatsRestartedOnFullDisk,
];

/// Those that this machine lets us do.
pub fn possible(stack: &Stack) -> Vec<Fault> {
    let log = stack.breakable.as_ref().is_some_and(|breakable| breakable.disk.is_some());
    let streams = stack.nats_disk.is_some();
    let is_possible = |fault: &Fault| match fault {
        Fault::DiskFilled => log,
        Fault::NatsDiskFilled | Fault::NatsRestartedOnFullDisk => streams,
        _ => true,
    };
    ALL.into_iter().filter(is_possible).collect()
}

impl Fault {
    /// Does it, waits, and undoes it.
    pub async fn strike(self, stack: &mut Stack, random: &mut Random) -> anyhow::Result<()> {
        let pause = Duration::from_millis(random.between(100, 4000));
        let wait = || tokio::time::sleep(pause);
        match self {
            Self::WorkersKilled => {
                stack.workers.kill().await?;
                wait().await;
                stack.workers.start()?;
            }
            Self::IngressKilled => {
                stack.ingress.kill().await?;
                wait().await;
                stack.ingress.start().await?;
            }
            Self::NatsKilled => {
                stack.nats.kill().await?;
                wait().await;
                stack.nats.restart().await?;
            }
            Self::PostgresKilled => {
                breakable(stack)?.cluster.kill().await?;
                wait().await;
                breakable(stack)?.cluster.restart().await?;
            }
            Self::PostgresProcessKilled => {
                breakable(stack)?.cluster.kill_one(random).await?;
                wait().await;
                // It has recovered, or it has ended where the recovery itself was hit.
                breakable(stack)?.cluster.restart().await?;
            }
            Self::WorkersStopped => {
                stack.workers.freeze()?;
                wait().await;
                stack.workers.thaw()?;
            }
            Self::IngressStopped => {
                stack.ingress.freeze()?;
                wait().await;
                stack.ingress.thaw()?;
            }
            Self::NatsStopped => {
                stack.nats.freeze()?;
                wait().await;
                stack.nats.thaw()?;
            }
            Self::PostgresStopped => {
                breakable(stack)?.cluster.freeze()?;
                wait().await;
                breakable(stack)?.cluster.thaw()?;
            }
            Self::PostgresCut => {
                stack.database.proxy().cut().await;
                wait().await;
                stack.database.proxy().restore().await?;
            }
            Self::TwilioCut => {
                breakable(stack)?.twilio.cut().await;
                wait().await;
                breakable(stack)?.twilio.restore().await?;
            }
            Self::PostgresSessionsEnded => end_sessions(stack).await?,
            Self::DiskFilled => {
                let disk = breakable(stack)?.disk.as_ref().context("no disk of its own")?;
                disk.fill()?;
                wait().await;
                disk.free()?;
            }
            Self::NatsDiskFilled => {
                nats_disk(stack)?.fill()?;
                wait().await;
                nats_disk(stack)?.free()?;
                stack.nats.restart().await?;
            }
            Self::NatsRestartedOnFullDisk => {
                nats_disk(stack)?.fill_nine_tenths()?;
                stack.nats.restart().await?;
                wait().await;
                nats_disk(stack)?.free()?;
            }
        }
        Ok(())
    }
}

fn nats_disk(stack: &Stack) -> anyhow::Result<&SmallDisk> {
    stack.nats_disk.as_ref().context("no disk of its own")
}

fn breakable(stack: &mut Stack) -> anyhow::Result<&mut Breakable> {
    stack.breakable.as_mut().context("the stack was started without faults")
}

/// Postgres may still be recovering from the fault before.
async fn end_sessions(stack: &Stack) -> anyhow::Result<()> {
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    eventually("Postgres ends sessions", Duration::from_mins(1), || stack.count(sql)).await?;
    Ok(())
}

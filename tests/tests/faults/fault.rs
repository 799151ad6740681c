//! What is done to the running system, and undone.

use std::time::Duration;

use prosaas_tests::{random::Random, stack::Stack};

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9`, and a new start.
    WorkersKilled,
    IngressKilled,
    NatsKilled,
    /// SIGSTOP, and SIGCONT later.
    WorkersStopped,
    IngressStopped,
    NatsStopped,
    /// Every connection is cut and none is let in.
    PostgresCut,
    /// The server ends every session, as its own crash recovery does.
    PostgresSessionsKilled,
}

const ALL: [Fault; 8] = [
    Fault::WorkersKilled,
    Fault::IngressKilled,
    Fault::NatsKilled,
    Fault::WorkersStopped,
    Fault::IngressStopped,
    Fault::NatsStopped,
    Fault::PostgresCut,
    Fault::PostgresSessionsKilled,
];

impl Fault {
    /// Any of them.
    pub fn choose(random: &mut Random) -> Self {
        usize::try_from(random.between(0, 8))
            .ok()
            .and_then(|n| ALL.get(n).copied())
            .unwrap_or(Self::NatsKilled)
    }

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
            Self::PostgresCut => {
                stack.database.proxy().cut();
                wait().await;
                stack.database.proxy().restore().await?;
            }
            Self::PostgresSessionsKilled => {
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                           WHERE datname = current_database() AND pid <> pg_backend_pid()";
                stack.count(sql).await?;
            }
        }
        Ok(())
    }
}

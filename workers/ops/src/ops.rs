//! What a subcommand works with.

use std::time::Duration;

use anyhow::Result;
use async_nats::{Client, connection::State, jetstream};
use prosaas_events::subjects::Stream;
use prosaas_platform::{
    bus::{
        self,
        reconcile::{self, ApplyError},
    },
    store::{self, StoreError},
};
use prosaas_workers::{audit::Actor, config::OpsConfig};
use sqlx::PgPool;

use super::{exit::Failed, output::Out};

/// How long a server has to be there.
const CONNECT: Duration = Duration::from_secs(10);

/// Settings, where it writes, and who runs it.
pub struct Ops {
    /// The settings.
    pub config: OpsConfig,
    /// Where it writes.
    pub out: Out,
    /// The name of whoever runs it.
    pub by: String,
}

impl Ops {
    /// Postgres, whose tables are for this release.
    pub async fn database(&self) -> Result<PgPool> {
        let pool = store::connect(&self.config.database_url, 4).await?;
        match tokio::time::timeout(CONNECT, store::judge(&pool)).await {
            Ok(Ok(())) => Ok(pool),
            Ok(Err(StoreError::Database(error))) => {
                Err(anyhow::Error::new(error).context(Failed::Unreachable("Postgres (DATABASE_URL)")))
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Failed::Unreachable("Postgres (DATABASE_URL)").into()),
        }
    }

    /// NATS, whose streams are for this release.
    pub async fn nats(&self) -> Result<Client> {
        let client = bus::connect(&self.config.nats_url, bus::Role::Ops).await?;
        let connected = async {
            while client.connection_state() != State::Connected {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let unreachable = |_| Failed::Unreachable("NATS (NATS_URL)");
        tokio::time::timeout(CONNECT, connected).await.map_err(unreachable)?;
        let context = jetstream::new(client.clone());
        let judged = reconcile::judge(&context, Stream::ALL.map(Stream::name));
        match tokio::time::timeout(CONNECT, judged).await.map_err(unreachable)? {
            Ok(_) => Ok(client),
            Err(error @ ApplyError::Server { .. }) => {
                Err(anyhow::Error::new(error).context(Failed::Unreachable("NATS (NATS_URL)")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whoever runs this, for audit records.
    pub fn actor(&self) -> Actor {
        Actor::system(&format!("prosaas-ops ({})", self.by))
    }
}

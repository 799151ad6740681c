//! A database and a nats-server for each test.

use std::sync::Arc;

use anyhow::Result;
use async_nats::jetstream;
use prosaas_platform::{bus, clock, store};
use prosaas_tests::{eventually, nats::NatsServer, postgres, proxy::TcpProxy, scratch::Scratch};
use prosaas_workers::runtime::{Bus, Retries};
use secrecy::SecretString;
use sqlx::PgPool;
use url::Url;

/// A database of one test.
pub struct Database {
    pub pool: PgPool,
    made: postgres::Database,
}

impl Database {
    /// A new database without any table.
    pub async fn empty() -> Result<Self> {
        let made = postgres::Database::create().await?;
        let pool = store::connect(&SecretString::from(made.direct_url().to_string()), 20).await?;
        Ok(Self { pool, made })
    }

    /// Its address.
    pub const fn url(&self) -> &Url {
        self.made.direct_url()
    }

    /// Its address on a way that can be cut, and that way.
    pub fn cable(&self) -> (String, &TcpProxy) {
        (self.made.url(), self.made.proxy())
    }

    /// A new database, migrated.
    pub async fn migrated() -> Result<Self> {
        let database = Self::empty().await?;
        store::migrate(&database.pool).await?;
        Ok(database)
    }

    /// How many rows the query finds.
    pub async fn count(&self, query: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(&self.pool).await?)
    }
}

/// A nats-server of one test: the configuration of production, with its rights per user.
pub struct Nats {
    server: NatsServer,
    _scratch: Scratch,
    /// As the workers reach it.
    pub bus: Bus,
    /// As operators reach it: everything is allowed.
    pub ops: jetstream::Context,
}

impl Nats {
    /// A server with this build's streams and consumers.
    pub async fn start() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let scratch = Scratch::new()?;
        // Boxed: it is a large future, in most tests' own.
        let server = Box::pin(NatsServer::start(&scratch)).await?;
        let ops = server.jetstream().await?;
        eventually("JetStream answers", || async {
            Ok(bus::reconcile::apply(&ops, bus::definitions::DEFAULT_STORE_BYTES).await.is_ok())
        })
        .await?;
        let url = SecretString::from(server.url(bus::Role::Workers));
        let client = bus::connect(&url, bus::Role::Workers).await?;
        let context = jetstream::new(client.clone());
        let bus = Bus {
            client,
            jetstream: context,
            clock: clock::system(),
            process: Arc::from("test"),
            retries: Retries::unreported(),
            committed: Arc::default(),
        };
        Ok(Self { server, _scratch: scratch, bus, ops })
    }

    /// The address with a user's name and password.
    pub fn url(&self, role: bus::Role) -> String {
        self.server.url(role)
    }

    /// Kills the server and starts it again on the same port and data.
    pub async fn restart(&mut self) -> Result<()> {
        self.server.restart().await?;
        let js = self.bus.jetstream.clone();
        eventually("JetStream answers again", || async { Ok(js.query_account().await.is_ok()) }).await
    }
}

/// Waits until `check` says yes.
pub async fn eventually<F, R>(what: &str, check: F) -> Result<()>
where
    F: Fn() -> R,
    R: Future<Output = Result<bool>>,
{
    eventually::becomes(what, eventually::SOON, true, check).await
}

/// The operators' command line, another crate's program.
pub fn ops_program() -> Result<std::path::PathBuf> {
    prosaas_tests::environment::binary("prosaas-ops")
}

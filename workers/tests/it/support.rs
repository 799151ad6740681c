//! A database and a nats-server for each test.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use async_nats::{Client, jetstream};
use prosaas_shared::{bus, clock, config::Env, store};
use prosaas_workers::runtime::Bus;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use tempfile::TempDir;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

/// A database of one test. It is dropped with the value, best effort.
pub struct Database {
    pub pool: PgPool,
    server: String,
    name: String,
}

fn server_url() -> Result<String> {
    Env::from_process().required("DATABASE_URL").context("tests need a Postgres server")
}

fn url_of(server: &str, name: &str) -> Result<Url> {
    let mut url: Url = server.parse()?;
    url.set_path(name);
    Ok(url)
}

impl Database {
    /// A new database without any table.
    pub async fn empty() -> Result<Self> {
        let server = server_url()?;
        let name = format!("prosaas_test_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&server).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        let pool = store::connect(&SecretString::from(url_of(&server, &name)?.to_string()), 20).await?;
        Ok(Self { pool, server, name })
    }

    /// Its address.
    pub fn url(&self) -> Result<Url> {
        url_of(&self.server, &self.name)
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

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await?;
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
                anyhow::Ok(())
            })
        });
        let _ = dropped.join();
    }
}

/// The password of every user: it begins with a letter, as the configuration wants.
const PASSWORD: &str = "secret";

/// A nats-server of one test.
pub struct Nats {
    child: Child,
    data: TempDir,
    port: u16,
    /// Where it listens, without a user.
    pub address: String,
    /// As the workers reach it.
    pub bus: Bus,
    /// As operators reach it: everything is allowed.
    pub ops: jetstream::Context,
}

fn nats_binary() -> Result<PathBuf> {
    let ours = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.data/bin/nats-server"));
    let binary = Env::from_process().optional("NATS_SERVER_BIN")?.map_or(ours, PathBuf::from);
    if binary.exists() {
        return Ok(binary);
    }
    bail!(
        "tests need nats-server: set NATS_SERVER_BIN, or run `make setup` ({} is missing)",
        binary.display()
    )
}

impl Nats {
    /// A server with this build's streams and consumers.
    pub async fn start() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = TempDir::new()?;
        let ports = data.path().join("ports");
        std::fs::create_dir(&ports)?;
        let child = spawn(data.path(), -1)?;
        let address = address(&ports).await?;
        let port = address.parse::<Url>()?.port().context("no port")?;
        let ops = jetstream::new(client(&address, bus::Role::Ops).await?);
        eventually("JetStream answers", || async {
            Ok(bus::reconcile::apply(&ops, bus::definitions::DEFAULT_STORE_BYTES).await.is_ok())
        })
        .await?;
        let client = client(&address, bus::Role::Workers).await?;
        let context = jetstream::new(client.clone());
        let bus = Bus { client, jetstream: context, clock: clock::system(), process: Arc::from("test") };
        Ok(Self { child, data, port, address, bus, ops })
    }

    /// The address with a user's name and password.
    pub fn url(&self, user: &str) -> String {
        self.address.replace("://", &format!("://{user}:{PASSWORD}@"))
    }

    /// Kills the server and starts it again on the same port and data.
    pub async fn restart(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(self.data.path(), self.port.into())?;
        let js = self.bus.jetstream.clone();
        eventually("JetStream answers again", || async { Ok(js.query_account().await.is_ok()) }).await
    }
}

/// The configuration of production, with its rights per user.
fn spawn(data: &Path, port: i32) -> Result<Child> {
    let mut command = Command::new(nats_binary()?);
    command
        .arg("-c")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../nats/nats-server.conf"))
        .arg("--ports_file_dir")
        .arg(data.join("ports"))
        .env("NATS_LISTEN", format!("127.0.0.1:{port}"))
        .env("NATS_STORE_DIR", data.join("streams"))
        .env("NATS_STORE_MAX_BYTES", bus::definitions::DEFAULT_STORE_BYTES.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for user in ["INGRESS", "WORKERS", "OPS", "SYS"] {
        command.env(format!("NATS_{user}_PASSWORD"), PASSWORD);
    }
    command.spawn().context("nats-server does not start")
}

async fn client(address: &str, role: bus::Role) -> Result<Client> {
    let mut url: Url = address.parse()?;
    let set = url.set_username(role.as_str()).and_then(|()| url.set_password(Some(PASSWORD)));
    anyhow::ensure!(set.is_ok(), "the address takes no user");
    Ok(bus::connect(&SecretString::from(url.to_string()), role).await?)
}

/// The server writes its address into a file of that folder once it listens.
async fn address(ports: &Path) -> Result<String> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        for entry in std::fs::read_dir(ports)? {
            let text = std::fs::read_to_string(entry?.path())?;
            let parsed: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(url) = parsed.pointer("/nats/0").and_then(|v| v.as_str()) {
                return Ok(url.to_owned());
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("nats-server did not say where it listens")
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits up to 20 seconds until `check` says yes.
pub async fn eventually<F, R>(what: &str, check: F) -> Result<()>
where
    F: Fn() -> R,
    R: Future<Output = Result<bool>>,
{
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if check().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    bail!("not within 20 seconds: {what}")
}

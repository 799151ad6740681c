//! The real nats-server with the repository's own configuration.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use anyhow::Context as _;
use async_nats::jetstream;
use prosaas_platform::bus::{self, definitions};
use rustix::process::Signal;
use secrecy::SecretString;
use tokio::{io::AsyncReadExt as _, net::TcpStream};

use crate::{
    environment,
    eventually::{SOON, eventually},
    ports,
    process::{Environment, Process},
    scratch::Scratch,
    small_disk::SmallDisk,
};

/// A server with a port and a store of its own, which a restart finds again.
#[derive(Debug)]
pub struct NatsServer {
    address: SocketAddr,
    program: PathBuf,
    configuration: PathBuf,
    environment: Environment,
    log: PathBuf,
    process: Option<Process>,
    /// A program, with arguments, behind which every start takes place.
    behind: Option<(PathBuf, Vec<String>)>,
    store_bytes: u64,
}

impl NatsServer {
    /// Starts it with `nats/nats-server.conf`.
    pub async fn start(scratch: &Scratch) -> anyhow::Result<Self> {
        Self::start_with(scratch, &environment::root().join("nats/nats-server.conf")).await
    }

    /// Starts it with another configuration.
    pub async fn start_with(scratch: &Scratch, configuration: &Path) -> anyhow::Result<Self> {
        let store = definitions::DEFAULT_STORE_BYTES;
        Self::start_in(scratch, configuration, store, None).await
    }

    /// Starts it with its streams on a small disk, of which they may take this much.
    pub async fn start_on(scratch: &Scratch, disk: &SmallDisk, store: u64) -> anyhow::Result<Self> {
        let configuration = environment::root().join("nats/nats-server.conf");
        Self::start_in(scratch, &configuration, store, Some(disk.behind()?)).await
    }

    async fn start_in(
        scratch: &Scratch,
        configuration: &Path,
        store_bytes: u64,
        behind: Option<(PathBuf, Vec<String>)>,
    ) -> anyhow::Result<Self> {
        let address = ports::free()?;
        let store = scratch.folder("nats")?;
        let pairs = [
            ("NATS_LISTEN", address.to_string()),
            ("NATS_STORE_DIR", format!("\"{}\"", store.display())),
            ("NATS_STORE_MAX_BYTES", store_bytes.to_string()),
            ("NATS_INGRESS_PASSWORD", password(bus::Role::Ingress)),
            ("NATS_WORKERS_PASSWORD", password(bus::Role::Workers)),
            ("NATS_OPS_PASSWORD", password(bus::Role::Ops)),
            ("NATS_SYS_PASSWORD", "test-sys".to_owned()),
        ];
        let mut server = Self {
            address,
            program: environment::nats_server()?,
            configuration: configuration.to_owned(),
            environment: pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            log: scratch.log("nats-server"),
            process: None,
            behind,
            store_bytes,
        };
        server.restart().await?;
        Ok(server)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address with user and password, as `NATS_URL` carries them.
    pub fn url(&self, role: bus::Role) -> String {
        format!("nats://{}:{}@{}", role.as_str(), password(role), self.address)
    }

    /// A connection of an operator: it may do everything.
    pub async fn client(&self) -> anyhow::Result<async_nats::Client> {
        let url = SecretString::from(self.url(bus::Role::Ops));
        Ok(bus::connect(&url, bus::Role::Ops).await?)
    }

    /// JetStream for an operator.
    pub async fn jetstream(&self) -> anyhow::Result<jetstream::Context> {
        Ok(jetstream::new(self.client().await?))
    }

    /// How many messages a stream holds.
    pub async fn messages(&self, stream: &str) -> anyhow::Result<u64> {
        let found = self.jetstream().await?.get_stream(stream).await?;
        Ok(found.cached_info().state.messages)
    }

    /// Starts it again, on the same port and store; kills it first where it runs.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        if self.process.is_some() {
            self.kill().await?;
        }
        let (mut program, mut arguments) = (self.program.clone(), Vec::new());
        if let Some((outer, before)) = self.behind.clone() {
            arguments.extend(before);
            arguments.push(std::mem::replace(&mut program, outer).display().to_string());
        }
        arguments.extend(["-c".to_owned(), self.configuration.display().to_string()]);
        let process = Process::start("nats-server", &program, &arguments, &self.environment, &self.log)?;
        let process = self.process.insert(process);
        let deadline = std::time::Instant::now() + SOON;
        loop {
            process.ensure_running()?;
            if greets(self.address).await.is_ok() {
                return Ok(());
            }
            anyhow::ensure!(
                std::time::Instant::now() < deadline,
                "nats-server did not start within {SOON:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts it again with another configuration.
    pub async fn restart_with(&mut self, configuration: &Path) -> anyhow::Result<()> {
        configuration.clone_into(&mut self.configuration);
        self.restart().await
    }

    /// What all streams on disk may take.
    pub const fn store_bytes(&self) -> u64 {
        self.store_bytes
    }

    /// Its environment, for what runs beside it in its container.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Its process id.
    pub fn pid(&mut self) -> anyhow::Result<rustix::process::Pid> {
        self.process()?.pid()
    }

    /// Waits for its end, which somebody else has asked for.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = self.process()?.wait(SOON).await;
        self.process = None;
        ended
    }

    fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("nats-server is not running")
    }

    /// SIGTERM, and waits for its end.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = self.process()?.terminate(SOON).await;
        self.process = None;
        ended
    }

    /// `kill -9`.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let killed = self.process()?.kill().await;
        self.process = None;
        killed
    }

    /// SIGSTOP: connections stay, nothing answers.
    pub fn freeze(&mut self) -> anyhow::Result<()> {
        self.process()?.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub fn thaw(&mut self) -> anyhow::Result<()> {
        self.process()?.signal(Signal::CONT)
    }
}

fn password(role: bus::Role) -> String {
    format!("test-{}", role.as_str())
}

/// The server speaks first: `INFO {…}`.
async fn greets(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut word = [0_u8; 4];
    tokio::time::timeout(SOON, stream.read_exact(&mut word)).await??;
    anyhow::ensure!(&word == b"INFO", "this is no nats-server");
    Ok(())
}

/// Waits until a stream holds `wanted` messages.
pub async fn holds(nats: &NatsServer, stream: &str, wanted: u64, limit: Duration) -> anyhow::Result<()> {
    let js = nats.jetstream().await?;
    eventually(&format!("{wanted} messages in {stream}"), limit, || async {
        let found = js.get_stream(stream).await?.cached_info().state.messages;
        anyhow::ensure!(found == wanted, "it holds {found}");
        Ok(())
    })
    .await
}

//! The WhatsApp service as a process, and a simulated WhatsApp that the unmodified library
//! connects to.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use anyhow::Context as _;
use serde_json::Value;

use crate::{
    environment,
    eventually::{SOON, eventually},
    http1::{self, Request},
    ports,
    process::{Environment, Process},
    scratch::Scratch,
};

/// `INTERNAL_SECRET` of every process under test.
pub const SECRET: &str = "kq8Zt3vN1rYw6uBs9eLm4HdXc7PfGa2J";

/// `BAILEYS_ENCRYPTION_KEY`: 32 bytes that mean nothing.
const KEY: &str = "K34VFiiu0qar9xWICc9PPHYucWDzi02lanhNkEUZDP4=";

/// The service and the simulator. A restart finds the service's address again.
#[derive(Debug)]
pub struct WhatsApp {
    service: Option<Process>,
    address: SocketAddr,
    environment: Environment,
    log: PathBuf,
    simulator: Process,
    control: SocketAddr,
}

impl WhatsApp {
    /// Starts the simulator; the service is not started yet.
    pub fn prepare(
        scratch: &Scratch,
        database_url: &str,
        address: SocketAddr,
        ingress: SocketAddr,
    ) -> anyhow::Result<Self> {
        let control = ports::free()?;
        let mut environment = Environment::from([("PATH".to_owned(), environment::path()?)]);
        let main = built("dist-test/test/simulator/main.js")?;
        let arguments = [main, "--port".into(), control.port().to_string().into()];
        let log = scratch.log("simulated-whatsapp");
        let simulator = Process::start("simulated WhatsApp", &node()?, &arguments, &environment, &log)?;
        for (name, value) in [
            ("APP_ENV", "development".to_owned()),
            ("BAILEYS_LISTEN", address.to_string()),
            ("DATABASE_URL", database_url.to_owned()),
            ("INTERNAL_SECRET", SECRET.to_owned()),
            ("BAILEYS_ENCRYPTION_KEY", KEY.to_owned()),
            ("INGRESS_INTERNAL_URL", format!("http://{ingress}")),
            ("BAILEYS_LEASE_SECONDS", "3".to_owned()),
            ("LOG_LEVEL", "debug".to_owned()),
            ("SIM_URL", format!("ws://{control}/ws/chat")),
        ] {
            environment.insert(name.to_owned(), value);
        }
        Ok(Self { service: None, address, environment, log: scratch.log("baileys"), simulator, control })
    }

    /// Starts the service, and waits until it answers.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let (simulator, control) = (&mut self.simulator, self.control);
        simulator.ensure_running()?;
        eventually("the simulator listens", SOON, || http1::get(control, "/sw.js")).await?;
        let import = built("dist-test/test/simulator/preload.js")?;
        let arguments = [PathBuf::from("--import"), import, built("dist/main.js")?];
        let process = Process::start("baileys", &node()?, &arguments, &self.environment, &self.log)?;
        let process = self.service.insert(process);
        let deadline = std::time::Instant::now() + SOON;
        loop {
            process.ensure_running()?;
            if http1::get(self.address, "/health").await.is_ok_and(|reply| reply.status == 200) {
                return Ok(());
            }
            anyhow::ensure!(std::time::Instant::now() < deadline, "baileys did not start within {SOON:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// `kill -9` of the service.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let mut process = self.service.take().context("baileys is not running")?;
        process.kill().await
    }

    /// SIGTERM to the service, and waits for its end.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let mut process = self.service.take().context("baileys is not running")?;
        process.terminate(SOON).await
    }

    /// Tells the simulator to do something: see `baileys/README.md`.
    pub async fn simulate(&self, action: &str, arguments: Value) -> anyhow::Result<Value> {
        let body = arguments.to_string();
        let target = format!("/control/{action}");
        let headers = vec![("Host", self.control.to_string())];
        let reply = Request { method: "POST", target: &target, headers, body: body.as_bytes() }
            .send(self.control)
            .await?;
        anyhow::ensure!(reply.status == 200, "{action}: {} {}", reply.status, reply.text());
        Ok(serde_json::from_slice(&reply.body)?)
    }
}

fn node() -> anyhow::Result<PathBuf> {
    environment::in_path("node").context("node is missing: install Node 20 or newer")
}

fn built(file: &str) -> anyhow::Result<PathBuf> {
    let path: &Path = environment::root();
    let path = path.join("baileys").join(file);
    let remedy = "run `make test`, or `npm ci && npm run build && npm run build:test` in baileys/";
    anyhow::ensure!(path.exists(), "{} is missing: {remedy}", path.display());
    Ok(path)
}

//! A nats-server of the benchmark's own: the repository's configuration, an
//! empty store, every message synced.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use async_nats::{Client, jetstream};
use prosaas_domain::call_config::CallConfig;
use prosaas_events::subjects::{CALL_CONFIG_BUCKET, Stream, call_config_key};
use prosaas_platform::bus::{self, Role, durability, reconcile};
use secrecy::SecretString;

use crate::{
    process::{self, Process, Start},
    settings::Settings,
};

/// Only this machine reaches it, and it lives for minutes.
const PASSWORD: &str = "benchmark";

/// How long the pump may take to empty the log.
const DRAIN: Duration = Duration::from_secs(30);

/// The server and an operator's connection.
pub struct Nats {
    /// The process.
    pub process: Process,
    /// JetStream, with all rights.
    pub js: jetstream::Context,
    client: Client,
    address: String,
}

impl Nats {
    /// Starts it in `folder` and applies the repository's definitions.
    pub async fn start(settings: &Settings, folder: &Path) -> anyhow::Result<Self> {
        let address = process::free_address()?;
        let password = || PASSWORD.to_owned();
        let mut process = Process::start(Start {
            name: "nats-server",
            program: &settings.nats_server,
            arguments: vec![
                "-c".to_owned(),
                settings.root.join("nats/nats-server.conf").display().to_string(),
            ],
            environment: vec![
                ("NATS_LISTEN", address.to_string()),
                ("NATS_STORE_DIR", format!("\"{}\"", folder.join("nats").display())),
                ("NATS_STORE_MAX_BYTES", bus::definitions::DEFAULT_STORE_BYTES.to_string()),
                ("NATS_INGRESS_PASSWORD", password()),
                ("NATS_WORKERS_PASSWORD", password()),
                ("NATS_OPS_PASSWORD", password()),
                ("NATS_SYS_PASSWORD", password()),
            ],
            folder,
            errors: &folder.join("nats.log"),
        })?;
        process.listening(address).await?;
        let address = address.to_string();
        let client = bus::connect(&SecretString::from(url(&address, Role::Ops)), Role::Ops).await?;
        let js = jetstream::new(client.clone());
        reconcile::apply(&js, bus::definitions::DEFAULT_STORE_BYTES).await?;
        durability::assert_durable(&client, &js).await?;
        Ok(Self { process, js, client, address })
    }

    /// `NATS_URL` of one of our programs.
    pub fn url(&self, role: Role) -> String {
        url(&self.address, role)
    }

    /// The operator's connection.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// What the ingress should answer, as the workers would write it.
    pub async fn configure(&self, config: &CallConfig) -> anyhow::Result<()> {
        let bucket = self.js.get_key_value(CALL_CONFIG_BUCKET).await?;
        bucket.put(call_config_key(config.business_id), serde_json::to_vec(config)?.into()).await?;
        Ok(())
    }

    /// Events in the stream of calls.
    pub async fn calls(&self) -> anyhow::Result<u64> {
        let stream = self.js.get_stream_no_info(Stream::Calls.name()).await?;
        Ok(stream.get_info().await?.state.messages)
    }

    /// Waits until the stream holds so many events.
    pub async fn wait_for_calls(&self, expected: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let held = self.calls().await?;
            ensure!(held <= expected, "{held} events for {expected} calls: some are there twice");
            if held == expected {
                return Ok(());
            }
            ensure!(began.elapsed() < DRAIN, "{} events did not reach the stream", expected - held);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Empties the stream of calls, so that each window begins alike.
    pub async fn purge_calls(&self) -> anyhow::Result<()> {
        let stream = self.js.get_stream_no_info(Stream::Calls.name()).await?;
        stream.purge().await.context("the stream cannot be purged")?;
        Ok(())
    }

    /// Stops it.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.client.drain().await?;
        self.process.stop().await
    }
}

fn url(address: &str, role: Role) -> String {
    format!("nats://{}:{PASSWORD}@{address}", role.as_str())
}

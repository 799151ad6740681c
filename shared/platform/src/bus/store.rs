//! The server's disk: how much of it the streams may take, and whether they can be written.

use std::time::Duration;

use async_nats::Client;
use serde::{Deserialize, de::DeserializeOwned};

/// Where the system account answers about JetStream. `nats/nats-server.conf` exports both to
/// our account.
pub(super) const JSZ_SUBJECT: &str = "$SYS.REQ.SERVER.PING.JSZ";
const HEALTHZ_SUBJECT: &str = "$SYS.REQ.SERVER.PING.HEALTHZ";

/// How long to wait for the server's answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why the server's own account of itself is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server does not say.
    #[error("the NATS server does not answer on {subject} ({cause}): start it with nats/nats-server.conf")]
    Silent {
        /// What was asked.
        subject: &'static str,
        /// Why there is no answer.
        cause: String,
    },
    /// A stream is missing on disk, or keeps a write error: the server writes to it again
    /// only after a restart.
    #[error("NATS stores nothing more until its disk has room and nats-server is restarted: {0}")]
    Unwritable(String),
}

/// What the server answers about itself.
#[derive(Debug, Deserialize)]
struct Reply<T> {
    data: Option<T>,
}

/// Asks the server about itself.
pub(super) async fn ask<T: DeserializeOwned>(
    client: &Client,
    subject: &'static str,
    question: &'static str,
) -> Result<T, StoreError> {
    let silent = |cause: String| StoreError::Silent { subject, cause };
    let message = tokio::time::timeout(TIMEOUT, client.request(subject, question.into()))
        .await
        .map_err(|_| silent("no answer in time".to_owned()))?
        .map_err(|error| silent(error.to_string()))?;
    let reply: Reply<T> =
        serde_json::from_slice(&message.payload).map_err(|error| silent(error.to_string()))?;
    reply.data.ok_or_else(|| silent("nothing in the answer".to_owned()))
}

#[derive(Debug, Deserialize)]
struct Health {
    status: String,
    #[serde(default)]
    error: String,
}

/// Fails while a stream cannot be written: a full disk leaves a write error behind, which the
/// server keeps until it is restarted, while publishes get no answer at all.
pub async fn assert_writable(client: &Client) -> Result<(), StoreError> {
    let health: Health = ask(client, HEALTHZ_SUBJECT, "").await?;
    if health.status == "ok" { Ok(()) } else { Err(StoreError::Unwritable(health.error)) }
}

/// The server's store for streams on disk, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Store {
    /// `max_file_store`: what all of them may take.
    pub max: u64,
    /// What they take.
    pub used: u64,
}

#[derive(Debug, Deserialize)]
struct Jsz {
    #[serde(default)]
    storage: u64,
    config: JszConfig,
}

#[derive(Debug, Deserialize)]
struct JszConfig {
    max_storage: u64,
}

impl Store {
    /// The server's own figures.
    pub async fn of(client: &Client) -> Result<Self, StoreError> {
        let jsz: Jsz = ask(client, JSZ_SUBJECT, r#"{"config":true}"#).await?;
        Ok(Self { max: jsz.config.max_storage, used: jsz.storage })
    }
}

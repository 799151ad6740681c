//! Proof that the server keeps what it acknowledges through a power cut.

use std::time::Duration;

use async_nats::{Client, jetstream};
use serde::Deserialize;

use crate::subjects::Stream;

/// Where the system account answers about JetStream. `nats/nats-server.conf`
/// exports it to our account.
const JSZ_SUBJECT: &str = "$SYS.REQ.SERVER.PING.JSZ";

/// How long to wait for the server's answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why an acknowledgement of this server is no promise.
#[derive(Debug, thiserror::Error)]
pub enum DurabilityError {
    /// The server does not say how it is configured.
    #[error(
        "the NATS server does not tell its JetStream settings on {JSZ_SUBJECT} ({0}): start it with nats/nats-server.conf"
    )]
    Silent(String),
    /// Messages are acknowledged before they are on disk.
    #[error(
        "the NATS server runs without `sync_interval: always`: what it acknowledges would not survive a power cut"
    )]
    Sync,
    /// A stream cannot take batches.
    #[error("stream {0} is missing or does not allow atomic batches: run `prosaas-ops setup`")]
    Atomic(Stream),
}

#[derive(Debug, Deserialize)]
struct JszReply {
    data: Option<JszData>,
}

#[derive(Debug, Deserialize)]
struct JszData {
    config: Option<JetStreamConfig>,
}

#[derive(Debug, Deserialize)]
struct JetStreamConfig {
    #[serde(default)]
    sync_always: bool,
}

/// Fails unless the server syncs each message and every stream that the pump
/// feeds allows atomic batches.
pub async fn assert_durable(client: &Client, js: &jetstream::Context) -> Result<(), DurabilityError> {
    assert_sync_always(client).await?;
    for stream in Stream::ALL {
        let allowed = js
            .get_stream(stream.name())
            .await
            .is_ok_and(|found| found.cached_info().config.allow_atomic_publish);
        if !allowed {
            return Err(DurabilityError::Atomic(stream));
        }
    }
    Ok(())
}

/// Fails unless the server runs with `sync_interval: always`.
pub async fn assert_sync_always(client: &Client) -> Result<(), DurabilityError> {
    let asked = client.request(JSZ_SUBJECT, r#"{"config":true}"#.into());
    let message = tokio::time::timeout(TIMEOUT, asked)
        .await
        .map_err(|_| DurabilityError::Silent("no answer in time".to_owned()))?
        .map_err(|e| DurabilityError::Silent(e.to_string()))?;
    let reply: JszReply =
        serde_json::from_slice(&message.payload).map_err(|e| DurabilityError::Silent(e.to_string()))?;
    let config = reply
        .data
        .and_then(|data| data.config)
        .ok_or_else(|| DurabilityError::Silent("no JetStream configuration in the answer".to_owned()))?;
    if config.sync_always { Ok(()) } else { Err(DurabilityError::Sync) }
}

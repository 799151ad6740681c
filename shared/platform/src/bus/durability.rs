//! Proof that the server keeps what it acknowledges through a power cut.

use async_nats::{Client, jetstream};
use prosaas_events::subjects::Stream;
use serde::Deserialize;

use super::store::{self, StoreError};

/// Why an acknowledgement of this server is no promise.
#[derive(Debug, thiserror::Error)]
pub enum DurabilityError {
    /// The server does not say how it is configured.
    #[error(transparent)]
    Silent(#[from] StoreError),
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
struct JszData {
    config: JetStreamConfig,
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
    let data: JszData = store::ask(client, store::JSZ_SUBJECT, r#"{"config":true}"#).await?;
    if data.config.sync_always { Ok(()) } else { Err(DurabilityError::Sync) }
}

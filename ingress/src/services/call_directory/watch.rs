//! The watch on the bucket that the workers keep equal to Postgres.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_nats::jetstream::{
    self,
    kv::{Entry, Operation, Store},
};
use futures_util::StreamExt as _;
use prosaas_domain::{call_config::CallConfig, ids::BusinessId};
use prosaas_events::subjects::CALL_CONFIG_BUCKET;
use tokio_util::sync::CancellationToken;

use super::{Directory, SharedDirectory, Snapshot};

/// Pause before the watch is begun again.
const RESTART: Duration = Duration::from_secs(1);

/// How often the watch is begun anew, so that a change missed in whatever way
/// is missed for no longer.
const REFRESH: Duration = Duration::from_mins(5);

/// Follows the bucket until it is told to stop. It never gives up: what is known
/// stays in force meanwhile.
pub async fn watch(
    js: jetstream::Context,
    directory: SharedDirectory,
    snapshot: Snapshot,
    stop: CancellationToken,
) {
    // What the snapshot brought counts too.
    measure(&directory.load());
    loop {
        let followed = tokio::select! {
            () = stop.cancelled() => return,
            followed = tokio::time::timeout(REFRESH, follow(&js, &directory, &snapshot)) => followed,
        };
        if let Ok(Err(error)) = followed {
            tracing::debug!(event = "call_config.watch_ended", %error, "beginning again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RESTART) => {}
            }
        }
    }
}

async fn follow(
    js: &jetstream::Context,
    directory: &SharedDirectory,
    snapshot: &Snapshot,
) -> anyhow::Result<()> {
    let bucket = js.get_key_value(CALL_CONFIG_BUCKET).await?;
    load_all(&bucket, directory, snapshot).await?;
    // From the first value again: what changed between the load and the watch is not missed.
    let mut changes = bucket.watch_with_history(">").await?;
    while let Some(entry) = changes.next().await {
        apply(&entry?, directory, snapshot).await;
    }
    anyhow::bail!("the watch ended")
}

/// Takes the whole bucket, so that a business that went while the ingress was
/// away goes here too. An empty bucket changes nothing: it was lost or never
/// filled, and the workers will fill it again. What cannot be read leaves that business as it was.
async fn load_all(bucket: &Store, directory: &SharedDirectory, snapshot: &Snapshot) -> anyhow::Result<()> {
    let mut keys = bucket.keys().await?;
    let before = directory.load_full();
    let mut held = BTreeMap::new();
    while let Some(key) = keys.next().await {
        let key = key?;
        let Some(value) = bucket.get(&key).await? else { continue };
        if let Some(config) = read_or_kept(&key, &value, &before) {
            held.insert(config.business_id, config);
        }
    }
    if held.is_empty() {
        return Ok(());
    }
    let same = before.len() == held.len() && before.configs().all(|c| held.get(&c.business_id) == Some(c));
    if !same {
        tracing::info!(event = "call_config.loaded", businesses = held.len(), "call configuration loaded");
        replace(directory, snapshot, Directory::of(held.into_values())).await;
    }
    Ok(())
}

async fn apply(entry: &Entry, directory: &SharedDirectory, snapshot: &Snapshot) {
    let before = directory.load_full();
    let next = match entry.operation {
        Operation::Put => {
            let Some(config) = decode(&entry.key, &entry.value) else { return };
            let known = before
                .configs()
                .any(|held| held.business_id == config.business_id && held.revision >= config.revision);
            if known {
                return;
            }
            before.with(config)
        }
        Operation::Delete | Operation::Purge => match entry.key.parse::<BusinessId>() {
            Ok(business) if before.configs().any(|held| held.business_id == business) => {
                before.without(business)
            }
            _ => return,
        },
    };
    tracing::info!(event = "call_config.changed", business_id = %entry.key, "call configuration changed");
    replace(directory, snapshot, next).await;
}

fn measure(directory: &Directory) {
    let businesses = u32::try_from(directory.len()).unwrap_or(u32::MAX);
    metrics::gauge!("prosaas_call_config_businesses").set(businesses);
}

async fn replace(directory: &SharedDirectory, snapshot: &Snapshot, next: Directory) {
    measure(&next);
    let next = Arc::new(next);
    directory.store(Arc::clone(&next));
    if let Err(error) = snapshot.save(&next).await {
        tracing::error!(event = "call_config.snapshot_failed", %error, "a restart would answer as before");
    }
}

/// The value, or what is in force for that business where it cannot be read.
fn read_or_kept(key: &str, value: &[u8], before: &Directory) -> Option<CallConfig> {
    decode(key, value)
        .or_else(|| before.configs().find(|config| config.business_id.to_string() == key).cloned())
}

fn decode(key: &str, value: &[u8]) -> Option<CallConfig> {
    serde_json::from_slice(value)
        .inspect_err(|error| {
            tracing::error!(event = "call_config.unreadable", business_id = key, %error, "kept the former one");
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_leaves_a_business_as_it_was() -> anyhow::Result<()> {
        let key = "00000000-0000-0000-0000-000000000001";
        let config = |settings: &str| {
            format!(
                r#"{{"business_id":"{key}","business_name":"Dana","numbers":["+97231111111"],
                    "time_zone":"Asia/Jerusalem","revision":3,"settings":{settings}}}"#
            )
        };
        let known: CallConfig = serde_json::from_str(&config("{}"))?;
        let before = Directory::of([known.clone()]);
        let unreadable = config(r#"{"mode":"newer"}"#);
        assert_eq!(read_or_kept(key, unreadable.as_bytes(), &before), Some(known.clone()));
        assert_eq!(read_or_kept(key, unreadable.as_bytes(), &Directory::default()), None);
        let newer = config(r#"{"fax":{"1":"sales"}}"#);
        assert_eq!(read_or_kept(key, newer.as_bytes(), &Directory::default()), Some(known));
        Ok(())
    }
}

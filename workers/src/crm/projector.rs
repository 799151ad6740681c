//! Keeps the bucket that every ingress watches equal to Postgres.
//!
//! Each key is read first, then Postgres, then the key is written only if nobody
//! wrote it meanwhile: whoever loses looks again. So a slow process never puts an
//! older configuration over a newer one, nor brings back a business that is gone. After a restore of
//! Postgres its revisions are raised above those of the bucket.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_nats::jetstream::{
    self,
    kv::{Entry, Operation, Store},
};
use futures_util::TryStreamExt as _;
use prosaas_domain::{call_config::CallConfig, ids::BusinessId};
use prosaas_events::subjects::{CALL_CONFIG_BUCKET, call_config_key};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::business;
use crate::runtime::Cause;

/// How often everything is compared.
const PERIOD: Duration = Duration::from_mins(1);
/// Pause after a comparison that failed.
const RETRY: Duration = Duration::from_secs(2);
/// How often a key is tried while others write it.
const TRIES: usize = 5;

/// Writes call configurations into the bucket.
#[derive(Clone)]
pub struct Projector {
    pool: PgPool,
    jetstream: jetstream::Context,
    soon: Arc<Notify>,
}

/// What was done to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projected {
    /// It was right already.
    Unchanged,
    /// It was written.
    Written,
    /// It was removed.
    Removed,
}

impl Projector {
    /// A projector between that database and that server.
    pub fn new(pool: PgPool, jetstream: jetstream::Context) -> Self {
        Self { pool, jetstream, soon: Arc::new(Notify::new()) }
    }

    /// After a commit: the business's key at once. Where that fails, the loop of
    /// [`Self::run`] does it soon; the change itself is safe in Postgres.
    pub async fn after_commit(&self, business: BusinessId) {
        if let Err(error) = self.project(business).await {
            tracing::warn!(event = "call_config.late", %business, %error, "a call configuration travels later");
            self.soon.notify_one();
        }
    }

    /// Makes every key right, now and then, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let pause = match self.project_all().await {
                Ok(changed) => {
                    if changed > 0 {
                        tracing::info!(
                            event = "call_config.projected",
                            changed,
                            "call configurations changed"
                        );
                    }
                    PERIOD
                }
                Err(error) => {
                    tracing::warn!(event = "call_config.failed", %error, "call configurations wait");
                    RETRY
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                () = self.soon.notified() => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Makes every key right; returns how many were not. One that cannot be read
    /// keeps its last good configuration and does not keep the others waiting.
    pub async fn project_all(&self) -> Result<usize, Cause> {
        let bucket = self.bucket().await?;
        let mut businesses: BTreeSet<BusinessId> =
            business::all(&mut *self.pool.acquire().await?).await?.into_iter().collect();
        let keys: Vec<String> = bucket.keys().await?.try_collect().await?;
        businesses.extend(keys.iter().filter_map(|key| key.parse::<BusinessId>().ok()));
        let mut changed = 0;
        for id in businesses {
            match self.project_into(&bucket, id).await {
                Ok(Projected::Unchanged) => {}
                Ok(_) => changed += 1,
                Err(error) => {
                    tracing::error!(event = "call_config.unreadable", business = %id, %error, "kept as it was");
                }
            }
        }
        Ok(changed)
    }

    /// Makes one key right.
    pub async fn project(&self, business: BusinessId) -> Result<Projected, Cause> {
        self.project_into(&self.bucket().await?, business).await
    }

    async fn bucket(&self) -> Result<Store, Cause> {
        Ok(self.jetstream.get_key_value(CALL_CONFIG_BUCKET).await?)
    }

    async fn project_into(&self, bucket: &Store, business: BusinessId) -> Result<Projected, Cause> {
        let key = call_config_key(business);
        for _ in 0..TRIES {
            let entry = bucket.entry(&key).await?;
            let wanted = business::load(&mut *self.pool.acquire().await?, business).await?;
            let revision = entry.as_ref().map_or(0, |e| e.revision);
            let (held, is_there) = held(entry.as_ref());
            let written = match wanted {
                None if !is_there => return Ok(Projected::Unchanged),
                None => {
                    let gone = bucket.delete_expect_revision(&key, Some(revision)).await;
                    gone.map(|()| Projected::Removed).map_err(Cause::from)
                }
                Some(config) if held.as_ref() == Some(&config) => return Ok(Projected::Unchanged),
                // The bucket was read first, so Postgres has gone back since: a backup was restored.
                // It holds nevertheless, and every ingress takes only what is newer.
                Some(config) if held.as_ref().is_some_and(|held| held.revision >= config.revision) => {
                    tracing::warn!(
                        event = "call_config.older", %business, ours = config.revision,
                        "the bucket's revision is not below that of other settings in Postgres, which is raised: \
                         was a backup restored?"
                    );
                    let above = held.map_or(config.revision, |held| held.revision) + 1;
                    business::raise(&mut *self.pool.acquire().await?, &config, above).await?;
                    continue;
                }
                Some(config) => {
                    let value = serde_json::to_vec(&config)?;
                    let put = bucket.update(&key, value.into(), revision).await;
                    put.map(|_| Projected::Written).map_err(Cause::from)
                }
            };
            match written {
                Ok(done) => return Ok(done),
                Err(error) => tracing::debug!(event = "call_config.contended", %business, %error),
            }
        }
        Err("the key could not be written: others write it, or the server refuses".into())
    }
}

/// What the key holds, if it can be read; and whether there is anything at all.
fn held(entry: Option<&Entry>) -> (Option<CallConfig>, bool) {
    match entry {
        Some(entry) if entry.operation == Operation::Put => (serde_json::from_slice(&entry.value).ok(), true),
        _ => (None, false),
    }
}

//! The worker, and what it works with.

use std::sync::Arc;

use prosaas_platform::objects::Objects;
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::{live::Live, twilio::Twilio};

/// Largest recording that we take: ten hours of two channels.
pub const MAX_BYTES: u64 = 300 * 1024 * 1024;

/// Fetches recordings.
#[derive(Clone)]
pub struct RecordingsWorker {
    pub(super) pool: PgPool,
    pub(super) twilio: Twilio,
    pub(super) objects: Objects,
    pub(super) delete_at_provider: bool,
    pub(super) max_bytes: u64,
    pub(super) deletions: Arc<Notify>,
    pub(super) live: Live,
}

impl RecordingsWorker {
    /// A worker between Twilio, that store and that database.
    pub fn new(pool: PgPool, twilio: Twilio, objects: Objects, delete_at_provider: bool) -> Self {
        Self {
            pool,
            twilio,
            objects,
            delete_at_provider,
            max_bytes: MAX_BYTES,
            deletions: Arc::new(Notify::new()),
            live: Live::silent(),
        }
    }

    /// The same, taking no recording larger than that.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// The same, telling whoever is watching.
    #[must_use]
    pub fn with_live(self, live: Live) -> Self {
        Self { live, ..self }
    }
}

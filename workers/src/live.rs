//! Live updates, published after the commit that they tell of. Best effort: who
//! misses one reads again later.
//!
//! What an event changed stands in its audit records, so that a redelivery, which
//! changes nothing itself, tells the same again.

use std::{collections::HashSet, fmt, sync::atomic::Ordering, time::Duration};

use async_nats::{Client, connection::State, jetstream};
use prosaas_domain::ids::{BusinessId, OperationId, UserId};
use prosaas_events::{
    live::LiveUpdate,
    subjects::{self, LiveKind},
};
use prosaas_platform::{bus::reconcile, clock::SharedClock};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::audit::Record;

/// How soon after a new connection the stream is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// An event that changed more things than this is told as one change of their kind.
pub const SINGLY: usize = 20;

/// Kinds that audit records are about.
const KINDS: [LiveKind; 9] = [
    LiveKind::Lead,
    LiveKind::Call,
    LiveKind::Recording,
    LiveKind::User,
    LiveKind::Business,
    LiveKind::Whatsapp,
    LiveKind::DeadLetter,
    LiveKind::Replay,
    LiveKind::Worker,
];

/// Publishes live updates.
#[derive(Clone)]
pub struct Live {
    to: Option<(Client, SharedClock)>,
}

/// Something that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Whose; none for the system's own.
    pub business: Option<BusinessId>,
    /// What kind of thing.
    pub kind: LiveKind,
    /// Which one.
    pub id: String,
    /// What was done.
    pub action: String,
    /// The operation that did it.
    pub operation: Option<OperationId>,
    /// Who did it.
    pub actor: Option<UserId>,
}

impl Update {
    /// What no command did.
    pub fn fact(
        business: Option<BusinessId>,
        kind: LiveKind,
        id: impl fmt::Display,
        action: impl Into<String>,
    ) -> Self {
        Self { business, kind, id: id.to_string(), action: action.into(), operation: None, actor: None }
    }
}

impl Update {
    /// What an audit record tells of, where anybody watches such things.
    pub fn of(record: &Record<'_>) -> Option<Self> {
        Some(Self::fact(record.business, kind(record.entity_type)?, record.entity_id, record.action))
    }
}

fn kind(word: &str) -> Option<LiveKind> {
    KINDS.into_iter().find(|known| known.as_str() == word)
}

/// Makes the stream again after each restart of the server, which holds it in memory,
/// until `stop`.
pub async fn keep_stream(client: Client, stop: CancellationToken) {
    let context = jetstream::new(client.clone());
    let mut kept = 0;
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let connects = client.statistics().connects.load(Ordering::Relaxed);
        if connects == kept || client.connection_state() != State::Connected {
            continue;
        }
        match reconcile::restore_volatile(&context).await {
            Ok(changes) => {
                kept = connects;
                if !changes.is_empty() {
                    tracing::info!(event = "live.restored", "the stream of live updates is there again");
                }
            }
            Err(error) => tracing::warn!(event = "live.unrestored", %error, "live updates wait"),
        }
    }
}

/// What an event changed: at most [`SINGLY`] things and one more.
pub async fn changes(pool: &PgPool, event_id: &str) -> Vec<Update> {
    changes_of(pool, &[event_id.to_owned()], i64::try_from(SINGLY + 1).ok()).await
}

async fn changes_of(pool: &PgPool, event_ids: &[String], limit: Option<i64>) -> Vec<Update> {
    let rows = sqlx::query!(
        "SELECT business_id, entity_type, entity_id, action FROM prosaas.audit_records
         WHERE event_id = ANY ($1) LIMIT $2",
        event_ids,
        limit
    )
    .fetch_all(pool)
    .await
    .unwrap_or_else(|error| {
        tracing::warn!(event = "live.unread", %error, "a live update is lost");
        Vec::new()
    });
    let update = |business: Option<uuid::Uuid>, kind: &str, id: String, action: String| {
        Some(Update::fact(business.map(BusinessId), self::kind(kind)?, id, action))
    };
    rows.into_iter()
        .filter_map(|row| update(row.business_id, &row.entity_type, row.entity_id, row.action))
        .collect()
}

impl Live {
    /// Publishes what an event that is no command changed.
    pub async fn announce(&self, pool: &PgPool, event_id: &str) {
        if self.to.is_none() {
            return;
        }
        for update in changes(pool, event_id).await {
            self.publish(update).await;
        }
    }

    /// Publishes what events that were applied together changed, each thing once. Of those that had been applied
    /// before, what is on record.
    pub async fn announce_new(&self, pool: &PgPool, updates: Vec<Update>, applied_before: &[String]) {
        let mut told = HashSet::new();
        for update in updates.into_iter().rev() {
            if told.insert((update.kind.as_str(), update.id.clone())) {
                self.publish(update).await;
            }
        }
        self.announce_all(pool, applied_before).await;
    }

    /// The same for events that were applied together.
    pub async fn announce_all(&self, pool: &PgPool, event_ids: &[String]) {
        if self.to.is_none() || event_ids.is_empty() {
            return;
        }
        for update in changes_of(pool, event_ids, None).await {
            self.publish(update).await;
        }
    }

    /// Publishes on that connection.
    pub fn new(client: Client, clock: SharedClock) -> Self {
        Self { to: Some((client, clock)) }
    }

    /// Tells nobody.
    pub fn silent() -> Self {
        Self { to: None }
    }

    /// Publishes it; waits for no acknowledgement.
    pub async fn publish(&self, update: Update) {
        let Some((client, clock)) = &self.to else { return };
        let subject = subjects::live(update.business, update.kind, &update.id);
        let payload = LiveUpdate {
            kind: update.kind,
            id: update.id,
            action: update.action,
            operation_id: update.operation,
            actor_id: update.actor,
            at: clock.now(),
        };
        let sent = match serde_json::to_vec(&payload) {
            Ok(bytes) => client.publish(subject, bytes.into()).await.map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = sent {
            tracing::warn!(
                event = "live.unpublished",
                kind = update.kind.as_str(),
                error,
                "a live update is lost"
            );
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("silent", &self.to.is_none()).finish()
    }
}

//! Live updates, published after the commit that they tell of. Best effort: who
//! misses one reads again later.

use std::fmt;

use async_nats::Client;
use prosaas_shared::{
    clock::SharedClock,
    ids::{BusinessId, OperationId, UserId},
    live::LiveUpdate,
    subjects::{self, LiveKind},
};

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

impl Live {
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

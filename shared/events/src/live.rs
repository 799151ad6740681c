//! Live updates: that something has changed, never what it holds. Whoever hears one
//! reads again.

use chrono::{DateTime, Utc};
use prosaas_domain::ids::{OperationId, UserId};
use serde::{Deserialize, Serialize};

use crate::subjects::LiveKind;

/// The payload of a message on `live.<business>.<kind>.<entity>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveUpdate {
    /// What kind of thing.
    pub kind: LiveKind,
    /// Which one. Of a change of many things at once, the change's own id: all of the
    /// kind may have changed.
    pub id: String,
    /// What was done, such as `lead.delete`.
    pub action: String,
    /// The operation that did it, where a command did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// Who did it, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<UserId>,
    /// When it was published.
    pub at: DateTime<Utc>,
}

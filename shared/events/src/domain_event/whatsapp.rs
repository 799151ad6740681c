//! What has become of WhatsApp links.

use prosaas_domain::ids::WhatsappSessionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain_event;
use crate::whatsapp::WhatsappState;

/// `pro.prosaas.whatsapp.state_changed.v1`: a session stands otherwise than was last told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatsappStateChangedV1 {
    /// The session.
    pub session_id: WhatsappSessionId,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
    /// How it stands.
    pub state: WhatsappState,
    /// Whether a phone is linked.
    #[schemars(extend("x-visible" = true))]
    pub linked: bool,
    /// WhatsApp's code of why it stands so, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub code: Option<i32>,
}
domain_event!(
    WhatsappStateChangedV1,
    "pro.prosaas.whatsapp.state_changed.v1",
    "whatsapp.state_changed",
    session_id
);

//! What failed for good.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::domain_event;

/// `pro.prosaas.dead_letter.filed.v1`: an event failed for good, or failed again in a replay. The dead letter of
/// one of these raises no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterFiledV1 {
    /// The dead letter.
    #[schemars(extend("x-visible" = true))]
    pub dead_letter_id: Uuid,
    /// The consumer that gave up.
    #[schemars(extend("x-visible" = "id"))]
    pub consumer: String,
    /// The type of the event, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub event_type: Option<String>,
    /// `permanent`, `exhausted`, `undecodable` or `rejected`; or the server's own word where no worker told.
    #[schemars(extend("x-visible" = "id"))]
    pub reason: String,
    /// How often it has failed again in a replay.
    #[schemars(extend("x-visible" = true))]
    pub replays: i32,
}
domain_event!(DeadLetterFiledV1, "pro.prosaas.dead_letter.filed.v1", "dead_letter.filed", dead_letter_id);

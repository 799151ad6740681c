//! Commands about calls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::CommandArgs;
use crate::ids::CallSid;

/// Namespace of [`entity_of`].
const CALLS: Uuid = Uuid::from_u128(0x8d3b_6f1e_5a57_5c0b_9a53_6c1b_2f0e_7d41);

/// A call as the entity of a command: UUID version 5 of its CallSid, because an
/// operation names its entity by a UUID and Twilio's id is none.
pub fn entity_of(call: &CallSid) -> Uuid {
    Uuid::new_v5(&CALLS, call.as_str().as_bytes())
}

/// `pro.prosaas.crm.call_mark_called_back.v1`: somebody called a missed caller back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallMarkCalledBackV1 {
    /// The missed call.
    pub call_sid: CallSid,
}

impl CommandArgs for CallMarkCalledBackV1 {
    const TYPE: &'static str = "pro.prosaas.crm.call_mark_called_back.v1";
    const ACTION: &'static str = "call.mark_called_back";

    fn entity(&self) -> Uuid {
        entity_of(&self.call_sid)
    }
}

//! What has become of calls.

use chrono::{DateTime, Utc};
use prosaas_domain::ids::{CallSid, LeadId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain_event;
use crate::call::{Answer, CallStatus};

/// `pro.prosaas.call.completed.v1`: a call has ended. Comes again, with a higher version, where a later fact
/// changes what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallCompletedV1 {
    /// The call.
    pub call_sid: CallSid,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
    /// Who was on the other side, where that is a lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<LeadId>,
    /// Whether the account made the call: it called somebody, or forwarded a call as this leg.
    #[schemars(extend("x-visible" = true))]
    pub outbound: bool,
    /// The leg that started this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_call_sid: Option<CallSid>,
    /// What Twilio was told to do; absent where no incoming event came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// How it ended.
    pub status: CallStatus,
    /// When it began, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it lasted, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub duration_s: Option<u32>,
    /// How forwarding it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial_outcome: Option<CallStatus>,
    /// Whether the caller spoke with nobody of the business.
    #[schemars(extend("x-visible" = true))]
    pub missed: bool,
}
domain_event!(CallCompletedV1, "pro.prosaas.call.completed.v1", "call.completed", call_sid);

/// `pro.prosaas.call.missed.v1`: a caller left without having spoken with anybody of the business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallMissedV1 {
    /// The call.
    pub call_sid: CallSid,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
    /// Who called, where that is a lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<LeadId>,
    /// Whether the caller can be called back: their number was not withheld.
    #[schemars(extend("x-visible" = true))]
    pub can_be_called_back: bool,
    /// When the call began, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub ended_at: Option<DateTime<Utc>>,
}
domain_event!(CallMissedV1, "pro.prosaas.call.missed.v1", "call.missed", call_sid);

/// `pro.prosaas.call.missed_withdrawn.v1`: a later fact showed that a call was not missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallMissedWithdrawnV1 {
    /// The call.
    pub call_sid: CallSid,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
    /// Who called, where that is a lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<LeadId>,
}
domain_event!(
    CallMissedWithdrawnV1,
    "pro.prosaas.call.missed_withdrawn.v1",
    "call.missed_withdrawn",
    call_sid
);

//! An event of a call, whichever it is.

use prosaas_domain::ids::CallSid;
use prosaas_events::call::{
    CallDialedV1, CallErrorV1, CallIncomingV1, CallLegAcceptedV1, CallMenuV1, CallStatusV1, CallUnknownV1,
};
use serde_json::Value;

use super::fact::CallFact;
use crate::{runtime::Meta, text::storable_json};

/// An event of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEvent {
    /// A call asked to be answered.
    Incoming(CallIncomingV1),
    /// Twilio reports a status.
    Status(CallStatusV1),
    /// The caller was asked to choose.
    Menu(CallMenuV1),
    /// Whoever was rung took the call.
    LegAccepted(CallLegAcceptedV1),
    /// Forwarding ended.
    Dialed(CallDialedV1),
    /// Twilio does not know how it ended.
    Unknown(CallUnknownV1),
    /// Twilio could not do what it was told to.
    Error(CallErrorV1),
}

impl CallEvent {
    /// The call.
    pub fn call(&self) -> &CallSid {
        match self {
            Self::Incoming(data) => &data.call_sid,
            Self::Status(data) => &data.call_sid,
            Self::Menu(data) => &data.call_sid,
            Self::LegAccepted(data) => &data.call_sid,
            Self::Dialed(data) => &data.call_sid,
            Self::Unknown(data) => &data.call_sid,
            Self::Error(data) => &data.call_sid,
        }
    }

    /// The call that this one is a part of, as far as the event says so.
    pub fn parent(&self) -> Option<&CallSid> {
        match self {
            Self::Incoming(data) => data.parent_call_sid.as_ref(),
            Self::Status(data) => data.parent_call_sid.as_ref(),
            Self::Menu(_) | Self::LegAccepted(_) | Self::Dialed(_) | Self::Unknown(_) | Self::Error(_) => {
                None
            }
        }
    }

    /// What it says, for the fold.
    pub fn fact(&self, meta: &Meta) -> CallFact {
        match self {
            Self::Incoming(data) => CallFact::incoming(&meta.id, meta.time, data),
            Self::Status(data) => CallFact::status(&meta.id, meta.time, data),
            Self::Menu(_) | Self::Error(_) => CallFact::told(&meta.id, meta.time),
            Self::LegAccepted(data) => CallFact::leg_accepted(&meta.id, meta.time, data),
            Self::Dialed(data) => CallFact::dialed(&meta.id, meta.time, data),
            Self::Unknown(_) => CallFact::unknown(&meta.id, meta.time),
        }
    }

    /// `incoming`, `menu`, `status`, `leg_accepted`, `dialed`, `unknown` or `error`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Incoming(_) => "incoming",
            Self::Status(_) => "status",
            Self::Menu(_) => "menu",
            Self::LegAccepted(_) => "leg_accepted",
            Self::Dialed(_) => "dialed",
            Self::Unknown(_) => "unknown",
            Self::Error(_) => "error",
        }
    }

    /// Its data as the history keeps it.
    pub fn data(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::Incoming(data) => storable_json(data),
            Self::Status(data) => storable_json(data),
            Self::Menu(data) => storable_json(data),
            Self::LegAccepted(data) => storable_json(data),
            Self::Dialed(data) => storable_json(data),
            Self::Unknown(data) => storable_json(data),
            Self::Error(data) => storable_json(data),
        }
    }
}

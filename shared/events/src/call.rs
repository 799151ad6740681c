//! What Twilio tells us of calls.

use chrono::{DateTime, Utc};
use prosaas_domain::{
    call_config::{Key, MenuPath},
    ids::{AccountSid, CallSid, UserId},
    phone::E164,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::EventData;

/// A call's status in Twilio's words
/// (<https://www.twilio.com/docs/voice/api/call-resource#call-status-values>).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-visible" = true))]
pub enum CallStatus {
    /// Waiting to be set up.
    Queued,
    /// Being set up.
    Initiated,
    /// Ringing.
    Ringing,
    /// Answered and going on.
    InProgress,
    /// Was answered and has ended.
    Completed,
    /// The other side was busy.
    Busy,
    /// Could not be connected.
    Failed,
    /// Nobody answered.
    NoAnswer,
    /// Given up before it was answered.
    Canceled,
}

impl CallStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Initiated,
        Self::Ringing,
        Self::InProgress,
        Self::Completed,
        Self::Busy,
        Self::Failed,
        Self::NoAnswer,
        Self::Canceled,
    ];

    /// Twilio's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// The status of that name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether the call is over: such a status is never left again.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled)
    }
}

/// Whether a `Direction` of Twilio's says that the account made the call: `outbound-api`, or
/// `outbound-dial` for the leg of a forwarded one. The business of a call is the owner of the
/// number on our side of it: the caller's of an outbound call, else the called one.
pub fn is_outbound(direction: Option<&str>) -> bool {
    direction.is_some_and(|direction| direction.starts_with("outbound"))
}

/// What the ingress told Twilio to do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum Answer {
    /// Greet and record a message.
    Record,
    /// Greet and forward.
    Forward,
    /// Say that the business is closed.
    Closed,
    /// The number belongs to nobody: the polite default.
    UnknownNumber,
}

/// `pro.prosaas.call.incoming.v1`: a call asked to be answered, and was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallIncomingV1 {
    /// The call.
    pub call_sid: CallSid,
    /// The account that sent it; absent only where validation is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<AccountSid>,
    /// Who calls, exactly as sent: E.164, `anonymous`, `client:…`, `sip:…` or anything else.
    #[schemars(extend("x-visible" = "last_digits"))]
    pub from: String,
    /// Who was called, exactly as sent.
    #[schemars(extend("x-visible" = "last_digits"))]
    pub to: String,
    /// `inbound` or one of the outbound directions, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub direction: Option<String>,
    /// The status at that moment, normally `ringing`; one we do not know is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CallStatus>,
    /// The caller's name by the network's look-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    /// The number that forwarded the call to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "last_digits"))]
    pub forwarded_from: Option<String>,
    /// The leg that started this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_call_sid: Option<CallSid>,
    /// SHAKEN/STIR verdict, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub stir_verstat: Option<String>,
    /// Set when Twilio came to us as the fallback: its error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub error_code: Option<String>,
    /// How it was answered.
    pub answer: Answer,
}

impl EventData for CallIncomingV1 {
    const TYPE: &'static str = "pro.prosaas.call.incoming.v1";
}

/// `pro.prosaas.call.status.v1`: Twilio reports a call's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallStatusV1 {
    /// The call.
    pub call_sid: CallSid,
    /// The account that sent it; absent only where validation is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<AccountSid>,
    /// The status reported.
    pub status: CallStatus,
    /// Twilio's count of this call's callbacks, from 0. Order of arrival is not guaranteed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub sequence_number: Option<u32>,
    /// Who calls, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "last_digits"))]
    pub from: Option<String>,
    /// Who was called, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "last_digits"))]
    pub to: Option<String>,
    /// The direction, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub direction: Option<String>,
    /// How long the call lasted, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub duration_s: Option<u32>,
    /// The final SIP response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub sip_response_code: Option<u16>,
    /// When the status came to be, by Twilio's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub occurred_at: Option<DateTime<Utc>>,
    /// The leg that started this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_call_sid: Option<CallSid>,
}

impl EventData for CallStatusV1 {
    const TYPE: &'static str = "pro.prosaas.call.status.v1";
}

/// `pro.prosaas.call.dialed.v1`: how forwarding a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallDialedV1 {
    /// The caller's leg.
    pub call_sid: CallSid,
    /// The account that sent it; absent only where validation is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<AccountSid>,
    /// How the dial ended: completed, busy, no-answer, failed or canceled.
    pub outcome: CallStatus,
    /// The leg of whoever answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialed_call_sid: Option<CallSid>,
    /// How long the two spoke, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub duration_s: Option<u32>,
    /// Whether the two were connected (`DialBridged`): a voicemail that answered and was not is `completed`, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub bridged: Option<bool>,
    /// Whether everybody who was rung had to press 1 first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("x-visible" = true))]
    pub screened: bool,
    /// The person of the business who was rung, where it was one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

impl EventData for CallDialedV1 {
    const TYPE: &'static str = "pro.prosaas.call.dialed.v1";
}

/// Whether forwarding put the caller through, as far as its own end tells: ingress, workers and nginx's stand-in
/// decide by this. `completed` alone says that somebody or something picked up. Where everybody is asked first, Twilio
/// has to say that the two were connected; where nobody is, an account whose callbacks do not say so is believed.
pub fn was_put_through(outcome: CallStatus, bridged: Option<bool>, screened: bool) -> bool {
    outcome == CallStatus::Completed && bridged.unwrap_or(!screened)
}

/// `pro.prosaas.call.leg_accepted.v1`: whoever answered a forwarded call has pressed 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallLegAcceptedV1 {
    /// The caller's leg.
    pub call_sid: CallSid,
    /// The account that sent it; absent only where validation is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<AccountSid>,
    /// The leg on which it was pressed.
    pub leg_sid: CallSid,
    /// The number that was rung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<E164>,
    /// The person of the business who was rung.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

impl EventData for CallLegAcceptedV1 {
    const TYPE: &'static str = "pro.prosaas.call.leg_accepted.v1";
}

/// `pro.prosaas.call.menu.v1`: a caller was asked to choose, and pressed a key or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallMenuV1 {
    /// The call.
    pub call_sid: CallSid,
    /// The account that sent it; absent only where validation is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<AccountSid>,
    /// The menu, by the keys that led to it; empty for the first.
    pub at: MenuPath,
    /// How often that menu had been said before.
    #[schemars(extend("x-visible" = true))]
    pub attempt: u8,
    /// What it came to.
    pub result: MenuResult,
    /// The key, where it was a digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// What the business called the choice at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where it led.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<MenuThen>,
}

impl EventData for CallMenuV1 {
    const TYPE: &'static str = "pro.prosaas.call.menu.v1";
}

/// What a caller did when asked to choose.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum MenuResult {
    /// They chose.
    Chosen,
    /// They pressed what is not there.
    Wrong,
    /// They pressed nothing.
    Silent,
}

/// Where a choice leads.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum MenuThen {
    /// Somebody is rung.
    Forward,
    /// A message is taken.
    Record,
    /// Something is said, and the call ends.
    Say,
    /// Another menu.
    Menu,
}

/// `pro.prosaas.call.unknown.v1`: no last status of the call ever came, and Twilio, which was asked, does not know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallUnknownV1 {
    /// The call.
    pub call_sid: CallSid,
}

impl EventData for CallUnknownV1 {
    const TYPE: &'static str = "pro.prosaas.call.unknown.v1";
}

/// `pro.prosaas.call.error.v1`: Twilio could not do what it was told to, or could not reach us, and says why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallErrorV1 {
    /// The call.
    pub call_sid: CallSid,
    /// The account that sent it; absent only where validation is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<AccountSid>,
    /// Which of our addresses was told.
    pub webhook: Webhook,
    /// Twilio's number of the error (<https://www.twilio.com/docs/api/errors>).
    #[schemars(extend("x-visible" = true))]
    pub code: u32,
    /// Twilio's words, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl EventData for CallErrorV1 {
    const TYPE: &'static str = "pro.prosaas.call.error.v1";
}

/// One of the addresses that Twilio calls about a call.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum Webhook {
    /// A call asks what to do.
    IncomingCall,
    /// A caller was asked to choose.
    Menu,
    /// Whoever was rung is asked.
    Screen,
    /// Forwarding ended.
    DialResult,
    /// A recording.
    HandleRecording,
    /// How a call stands.
    CallStatus,
}

impl Webhook {
    /// Its name in addresses and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IncomingCall => "incoming_call",
            Self::Menu => "menu",
            Self::Screen => "screen",
            Self::DialResult => "dial_result",
            Self::HandleRecording => "handle_recording",
            Self::CallStatus => "call_status",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_asked_first_must_have_been_connected() {
        for (outcome, bridged, screened, through) in [
            (CallStatus::Completed, Some(true), true, true),
            // A voicemail: it picked up, and was hung up on.
            (CallStatus::Completed, Some(false), true, false),
            (CallStatus::Completed, None, true, false),
            (CallStatus::NoAnswer, Some(true), true, false),
            (CallStatus::Completed, Some(true), false, true),
            (CallStatus::Completed, None, false, true),
            (CallStatus::Completed, Some(false), false, false),
            (CallStatus::Busy, None, false, false),
        ] {
            assert_eq!(
                was_put_through(outcome, bridged, screened),
                through,
                "{outcome:?} {bridged:?} {screened}"
            );
        }
    }
}

//! Ids of events. An id is also the `Nats-Msg-Id` header, the key of the local log's row and
//! the key of the processed mark, so it is built from parsed values alone: every id that this
//! system makes has a function here, as every subject has one in [`crate::subjects`].

use std::{fmt, str::FromStr};

use prosaas_domain::{
    call_config::MenuPath,
    ids::{CallSid, RecordingSid},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    call::{CallStatus, Webhook},
    recording::RecordingProgress,
};

/// Longest id, bytes.
const MAX_LEN: usize = 255;

/// A text that cannot be the id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event's id must be 1 to {MAX_LEN} visible ASCII characters")]
pub struct InvalidEventId;

/// The id of an event: visible ASCII, which is safe in a header, in a log line and in a query.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("x-visible" = "id"))]
pub struct EventId(String);

impl EventId {
    /// A call asks to be answered: once for each call.
    pub fn call_incoming(call: &CallSid) -> Self {
        Self(format!("call.incoming:{call}"))
    }

    /// A call's status, by what tells it from the call's others.
    pub fn call_status(call: &CallSid, status: CallStatus, order: StatusOrder) -> Self {
        let order = match order {
            StatusOrder::Sequence(number) => number.to_string(),
            StatusOrder::Asked => "asked".to_owned(),
            StatusOrder::Parameters(digest) => hex::encode(digest),
        };
        Self(format!("call.status:{call}:{}:{order}", status.as_str()))
    }

    /// How forwarding a call to `dialed` ended.
    pub fn call_dialed(call: &CallSid, dialed: Option<&CallSid>, outcome: CallStatus) -> Self {
        let dialed = dialed.map_or("none", CallSid::as_str);
        Self(format!("call.dialed:{call}:{dialed}:{}", outcome.as_str()))
    }

    /// Whoever was rung on `leg` has accepted the call.
    pub fn call_leg_accepted(call: &CallSid, leg: &CallSid) -> Self {
        Self(format!("call.leg_accepted:{call}:{leg}"))
    }

    /// A caller answered, or did not, when asked to choose for that time.
    pub fn call_menu(call: &CallSid, at: &MenuPath, silent: u8, wrong: u8) -> Self {
        Self(format!("call.menu:{call}:{at}:{silent}:{wrong}"))
    }

    /// Twilio has told that webhook of that error. Told again, it says nothing new.
    pub fn call_error(call: &CallSid, webhook: Webhook, code: u32) -> Self {
        Self(format!("call.error:{call}:{}:{code}", webhook.as_str()))
    }

    /// Twilio does not know how the call ended.
    pub fn call_unknown(call: &CallSid) -> Self {
        Self(format!("call.unknown:{call}"))
    }

    /// A recording is complete at Twilio.
    pub fn recording_available(recording: &RecordingSid) -> Self {
        Self(format!("recording.available:{recording}"))
    }

    /// A recording began, is absent, or failed.
    pub fn recording_status(recording: &RecordingSid, status: RecordingProgress) -> Self {
        Self(format!("recording.status:{recording}:{}", status.as_str()))
    }

    /// What a worker changed: `name` is that of the domain event, `cause` what the change was made for, such as the
    /// key of the event that was applied. One cause changes one thing once.
    pub fn domain_event(name: &str, entity: &str, cause: &str) -> Self {
        let digest = Sha256::digest(cause.as_bytes());
        Self(format!("{name}:{entity}:{}", hex::encode(digest.get(..16).unwrap_or(&digest))))
    }

    /// Whatever a SHA-256 stands for, such as a command.
    pub fn digest(hash: &[u8; 32]) -> Self {
        Self(hex::encode(hash))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the text out.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// What tells one status of a call from another with the same word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusOrder {
    /// Twilio's `SequenceNumber`.
    Sequence(u32),
    /// Twilio did not report it; it was asked.
    Asked,
    /// A digest of all parameters, where Twilio sends no number.
    Parameters([u8; 12]),
}

/// A fact of the WhatsApp service brings its own id.
impl From<Uuid> for EventId {
    fn from(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for EventId {
    type Error = InvalidEventId;

    fn try_from(text: String) -> Result<Self, InvalidEventId> {
        let fits = (1..=MAX_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(InvalidEventId) }
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_visible_ascii_and_no_longer_than_the_longest_that_we_make() -> anyhow::Result<()> {
        let longest: CallSid = "x".repeat(prosaas_domain::ids::MAX_SID_LEN).parse()?;
        for made in [
            EventId::call_dialed(&longest, Some(&longest), CallStatus::InProgress),
            EventId::call_leg_accepted(&longest, &longest),
        ] {
            assert_eq!(made.as_str().parse(), Ok(made.clone()));
        }
        for bad in ["", "a b", "a\r\nb", "a\n", "\0", "é", &"x".repeat(MAX_LEN + 1)] {
            assert_eq!(bad.parse::<EventId>(), Err(InvalidEventId), "{bad:?}");
        }
        Ok(())
    }

    #[test]
    fn ids_never_change() -> anyhow::Result<()> {
        let (call, dialed): (CallSid, CallSid) = ("CA1".parse()?, "CA2".parse()?);
        let recording: RecordingSid = "RE1".parse()?;
        let made = [
            EventId::call_incoming(&call),
            EventId::call_status(&call, CallStatus::Ringing, StatusOrder::Sequence(2)),
            EventId::call_status(&call, CallStatus::Ringing, StatusOrder::Parameters([0xab; 12])),
            EventId::call_dialed(&call, Some(&dialed), CallStatus::NoAnswer),
            EventId::call_dialed(&call, None, CallStatus::Busy),
            EventId::call_leg_accepted(&call, &dialed),
            EventId::call_status(&call, CallStatus::Busy, StatusOrder::Asked),
            EventId::call_menu(&call, &MenuPath::parse("20")?, 1, 0),
            EventId::call_error(&call, Webhook::DialResult, 13214),
            EventId::call_unknown(&call),
            EventId::recording_available(&recording),
            EventId::recording_status(&recording, RecordingProgress::Absent),
            EventId::domain_event("call.missed", "CA1", "call.status:CA1:completed:3"),
        ];
        let expected = [
            "call.incoming:CA1",
            "call.status:CA1:ringing:2",
            "call.status:CA1:ringing:abababababababababababab",
            "call.dialed:CA1:CA2:no-answer",
            "call.dialed:CA1:none:busy",
            "call.leg_accepted:CA1:CA2",
            "call.status:CA1:busy:asked",
            "call.menu:CA1:20:1:0",
            "call.error:CA1:dial_result:13214",
            "call.unknown:CA1",
            "recording.available:RE1",
            "recording.status:RE1:absent",
            "call.missed:CA1:1abfd2917282df9b5ec839d12f8e6ed9",
        ];
        assert_eq!(made.map(EventId::into_string), expected);
        Ok(())
    }
}

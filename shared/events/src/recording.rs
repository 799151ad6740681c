//! What Twilio tells us of recordings.

use prosaas_domain::ids::{AccountSid, CallSid, RecordingSid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EventData;

/// `pro.prosaas.recording.available.v1`: a recording is complete at Twilio. Its
/// media may still not be ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingAvailableV1 {
    /// The recording.
    pub recording_sid: RecordingSid,
    /// The call that it belongs to.
    pub call_sid: CallSid,
    /// The account that sent it; absent only where validation is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<AccountSid>,
    /// Where Twilio says that it lies. Never fetched as it stands: the worker
    /// builds the address from the account and the recording's id.
    pub url: String,
    /// Its length, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub duration_s: Option<u32>,
    /// 1 or 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub channels: Option<u8>,
}

impl EventData for RecordingAvailableV1 {
    const TYPE: &'static str = "pro.prosaas.recording.available.v1";
}

/// How a recording stands, other than complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-visible" = true))]
pub enum RecordingProgress {
    /// It goes on.
    InProgress,
    /// Nothing was recorded.
    Absent,
    /// Twilio could not record.
    Failed,
}

impl RecordingProgress {
    /// The state of that name in Twilio's words.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "in-progress" => Some(Self::InProgress),
            "absent" => Some(Self::Absent),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }

    /// Twilio's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in-progress",
            Self::Absent => "absent",
            Self::Failed => "failed",
        }
    }
}

/// `pro.prosaas.recording.status.v1`: a recording began, is absent, or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingStatusV1 {
    /// The recording.
    pub recording_sid: RecordingSid,
    /// The call that it belongs to.
    pub call_sid: CallSid,
    /// The account that sent it; absent only where validation is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<AccountSid>,
    /// How it stands.
    pub status: RecordingProgress,
    /// Twilio's error, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub error_code: Option<String>,
}

impl EventData for RecordingStatusV1 {
    const TYPE: &'static str = "pro.prosaas.recording.status.v1";
}

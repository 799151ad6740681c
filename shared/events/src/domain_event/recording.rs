//! What has become of recordings.

use prosaas_domain::ids::{CallSid, RecordingSid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain_event;

/// `pro.prosaas.recording.stored.v1`: the audio is safe in the object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingStoredV1 {
    /// The recording.
    pub recording_sid: RecordingSid,
    /// Its call.
    pub call_sid: CallSid,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
    /// Its length, seconds, where Twilio told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub duration_s: Option<u32>,
    /// Its channels, 1 or 2.
    #[schemars(extend("x-visible" = true))]
    pub channels: u8,
    /// Its size.
    #[schemars(extend("x-visible" = true))]
    pub bytes: u64,
}
domain_event!(RecordingStoredV1, "pro.prosaas.recording.stored.v1", "recording.stored", recording_sid);

/// `pro.prosaas.recording.failed.v1`: it could not be made, or not be had. The row says why; a replay may store it
/// after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingFailedV1 {
    /// The recording.
    pub recording_sid: RecordingSid,
    /// Its call.
    pub call_sid: CallSid,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
}
domain_event!(RecordingFailedV1, "pro.prosaas.recording.failed.v1", "recording.failed", recording_sid);

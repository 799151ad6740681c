//! A call as Twilio has it.

use serde::Deserialize;

/// What Twilio says of a call, as far as it matters here
/// (<https://www.twilio.com/docs/voice/api/call-resource#fetch-a-call-resource>).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CallResource {
    /// In Twilio's words.
    pub status: String,
    /// Who calls.
    pub from: Option<String>,
    /// Who was called.
    pub to: Option<String>,
    /// `inbound`, `outbound-api` or `outbound-dial`.
    pub direction: Option<String>,
    /// Seconds, as text; null until it has ended.
    pub duration: Option<String>,
    /// RFC 2822; null until it has ended.
    pub end_time: Option<String>,
    /// The leg that started this one.
    pub parent_call_sid: Option<String>,
}

//! The record of an event that failed for good.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A dead letter: everything that is needed to understand the failure and to
/// replay the event. It is the payload of a message on `dead.<subject>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterV1 {
    /// `<stream>:<sequence>:<consumer>`; for what never reached a stream,
    /// `log:<event id>:pump`. Also the message id, so that two reports are one.
    pub id: String,
    /// Stream that kept the event; absent when it never reached one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Sequence in that stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_sequence: Option<u64>,
    /// The event's own subject.
    pub subject: String,
    /// Its headers, in order, repeated names kept.
    pub headers: Vec<(String, String)>,
    /// Its bytes, base64: they may be anything.
    pub payload_base64: String,
    /// Whole size of the payload, bytes. More than `payload_base64` holds when
    /// the event was too large to travel; the rest is in the ingress's log.
    pub payload_bytes: usize,
    /// The consumer that gave up.
    pub consumer: String,
    /// Which process.
    pub worker: String,
    /// Deliveries up to the last.
    pub attempts: u64,
    /// The outermost error first, each cause after it.
    pub error_chain: Vec<String>,
    /// Whether more tries could have helped (`exhausted`) or not (`permanent`).
    pub reason: DeadReason,
    /// W3C trace id, where the event had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// When it was given up, UTC.
    pub died_at: DateTime<Utc>,
    /// The attempts before the last one, those that this process made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_attempts: Vec<AttemptV1>,
}

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptV1 {
    /// Its number, from 1.
    pub attempt: u64,
    /// When it failed, UTC.
    pub at: DateTime<Utc>,
    /// Which process made it.
    pub worker: String,
    /// Why it failed, innermost cause.
    pub error: String,
}

/// Why an event is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadReason {
    /// Trying again cannot help.
    Permanent,
    /// It was tried as often as allowed.
    Exhausted,
    /// Its bytes cannot be read.
    Undecodable,
    /// The stream will never take it.
    Rejected,
}

impl DeadReason {
    /// Those of workers; the pump alone rejects.
    pub const OF_WORKERS: [Self; 3] = [Self::Permanent, Self::Exhausted, Self::Undecodable];

    /// As it is stored and counted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Exhausted => "exhausted",
            Self::Undecodable => "undecodable",
            Self::Rejected => "rejected",
        }
    }
}

//! Events as CloudEvents 1.0 in structured JSON
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>).

#![warn(missing_docs)]

pub mod call;
pub mod catalogue;
pub mod crm;
pub mod dead_letter;
pub mod domain_event;
mod id;
pub mod live;
pub mod mask;
pub mod ops;
pub mod recording;
pub mod selection;
mod sentence;
mod stream;
pub mod subjects;
pub mod tokens;
pub mod visible;
pub mod whatsapp;

use chrono::{DateTime, Utc};
pub use id::{EventId, InvalidEventId, StatusOrder};
use prosaas_domain::ids::{BusinessId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Most bytes of one encoded event. Half of nats-server's default `max_payload`,
/// so that headers and a dead letter's envelope still fit around it.
pub const MAX_EVENT_BYTES: usize = 512 * 1024;

/// The payload of one version of one event. A version's wire form is frozen:
/// a change is a new type with a new `TYPE`.
pub trait EventData: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// `pro.prosaas.<domain>.<event>.v<N>`.
    const TYPE: &'static str;
}

/// The CloudEvents envelope with our extension attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CloudEvent<T> {
    /// Always `1.0`.
    pub specversion: SpecVersion,
    /// Unique for what happened at its source; also the `Nats-Msg-Id` and the key
    /// of the processed mark. Never made from the clock.
    pub id: EventId,
    /// Who raised it, a URI reference such as `/twilio/AC…`.
    #[schemars(extend("x-visible" = "id"))]
    pub source: String,
    /// `pro.prosaas.<domain>.<event>.v<N>`.
    #[serde(rename = "type")]
    #[schemars(extend("x-visible" = "id"))]
    pub event_type: String,
    /// The entity: a CallSid, a lead's id.
    #[schemars(extend("x-visible" = "id"))]
    pub subject: String,
    /// When the ingress received it, UTC.
    #[schemars(extend("x-visible" = true))]
    pub time: DateTime<Utc>,
    /// Always `application/json`.
    #[schemars(extend("x-visible" = "id"))]
    pub datacontenttype: String,
    /// The business that it belongs to, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub businessid: Option<BusinessId>,
    /// The person who asked for it, where it is a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actorid: Option<UserId>,
    /// W3C trace context of the request that raised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub traceparent: Option<String>,
    /// What happened.
    pub data: T,
}

/// The version of CloudEvents that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-visible" = true))]
pub enum SpecVersion {
    /// 1.0, with its patch releases.
    #[serde(rename = "1.0")]
    V1,
}

/// Why the bytes of an event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not a CloudEvent, or its data does not fit its type.
    #[error("the event is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// Readable, but not the type that was asked for.
    #[error("the event is a {found}, not a {wanted}")]
    Type {
        /// What it says that it is.
        found: String,
        /// What the caller reads.
        wanted: &'static str,
    },
}

/// The event's type alone, to choose who reads the rest.
#[derive(Debug, Deserialize)]
pub struct TypeOnly {
    /// `pro.prosaas.<domain>.<event>.v<N>`.
    #[serde(rename = "type")]
    pub event_type: String,
}

impl<T: EventData> CloudEvent<T> {
    /// An event without business, actor or trace.
    pub fn new(id: EventId, source: String, subject: String, time: DateTime<Utc>, data: T) -> Self {
        Self {
            specversion: SpecVersion::V1,
            id,
            source,
            event_type: T::TYPE.to_owned(),
            subject,
            time,
            datacontenttype: "application/json".to_owned(),
            businessid: None,
            actorid: None,
            traceparent: None,
            data,
        }
    }

    /// Its bytes, as they travel.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        // Room for most: a buffer that grows from nothing is copied three times.
        let mut bytes = Vec::with_capacity(1024);
        serde_json::to_writer(&mut bytes, self)?;
        Ok(bytes)
    }

    /// Reads the bytes of an event of this type.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let TypeOnly { event_type } = serde_json::from_slice(bytes)?;
        if event_type != T::TYPE {
            return Err(DecodeError::Type { found: event_type, wanted: T::TYPE });
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

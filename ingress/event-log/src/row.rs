//! A row of the log, on its way in and on its way out.

use bytes::Bytes;
use prosaas_events::{CloudEvent, EventData, EventId, subjects::Subject};
use prosaas_platform::bus::publisher::Outgoing;

/// An event that the log is asked to keep.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// CloudEvents id, and `Nats-Msg-Id`. The same id twice is one event.
    pub id: EventId,
    /// Where it goes.
    pub subject: Subject,
    /// The encoded CloudEvent.
    pub payload: Bytes,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
}

impl NewEvent {
    /// An event as it will travel to `subject`.
    ///
    /// # Errors
    /// When its data has no JSON form.
    pub fn encode<T: EventData>(subject: Subject, event: CloudEvent<T>) -> Result<Self, serde_json::Error> {
        // It may wait in memory for the pump: without the room that encoding it took.
        let payload = event.encode()?.into_boxed_slice().into();
        Ok(Self { id: event.id, subject, payload, traceparent: event.traceparent })
    }

    /// As a row that was accepted at `at_ms`, milliseconds since 1970 UTC.
    pub(super) fn into_row(self, at_ms: i64) -> NewRow {
        NewRow {
            lane: self.subject.stream().lane(),
            id: self.id.into_string(),
            subject: self.subject.into_string(),
            payload: self.payload,
            traceparent: self.traceparent,
            at_ms,
        }
    }
}

/// A row to insert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRow {
    pub lane: u8,
    pub id: String,
    pub subject: String,
    pub payload: Bytes,
    pub traceparent: Option<String>,
    pub at_ms: i64,
}

impl NewRow {
    /// As it is in the log, under its number.
    pub(super) fn into_stored(self, seq: i64) -> StoredRow {
        StoredRow {
            seq,
            id: self.id,
            subject: self.subject,
            payload: self.payload,
            traceparent: self.traceparent,
        }
    }
}

/// A row that waits to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    pub seq: i64,
    pub id: String,
    pub subject: String,
    pub payload: Bytes,
    pub traceparent: Option<String>,
}

impl Outgoing for StoredRow {
    fn id(&self) -> &str {
        &self.id
    }

    fn subject(&self) -> &str {
        &self.subject
    }

    fn payload(&self) -> Bytes {
        self.payload.clone()
    }

    fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }
}

//! The dead letter of a row that its stream will never take.

use async_nats::header::NATS_MESSAGE_ID;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use prosaas_events::{
    EventId, InvalidEventId,
    dead_letter::{DeadLetterV1, DeadReason},
    subjects::{self, Stream},
};
use prosaas_platform::{bus::publisher::CONTENT_TYPE, telemetry::TraceParent};
use sha2::{Digest as _, Sha256};

use crate::{NewRow, StoredRow};

/// Most bytes of the original that travel in its dead letter. In base64, with the
/// envelope, that stays below `MAX_EVENT_BYTES`; the whole stays in the log's
/// `rejected` table.
const MAX_PAYLOAD: usize = 256 * 1024;

/// The dead letter, as a row for its own lane.
pub(super) fn letter(
    row: &StoredRow,
    worker: &str,
    attempts: u64,
    cause: &str,
    died_at: DateTime<Utc>,
) -> Result<NewRow, serde_json::Error> {
    let mut headers = vec![
        (NATS_MESSAGE_ID.to_string(), row.id.clone()),
        ("content-type".to_owned(), CONTENT_TYPE.to_owned()),
    ];
    headers.extend(row.traceparent.clone().map(|trace| ("traceparent".to_owned(), trace)));
    let kept = row.payload.get(..MAX_PAYLOAD).unwrap_or(&row.payload);
    let trace = row.traceparent.as_deref().and_then(TraceParent::parse);
    let letter = DeadLetterV1 {
        id: id_of(row).into_string(),
        stream: None,
        stream_sequence: None,
        subject: row.subject.clone(),
        headers,
        payload_base64: STANDARD.encode(kept),
        payload_bytes: row.payload.len(),
        consumer: "pump".to_owned(),
        worker: worker.to_owned(),
        attempts,
        error_chain: vec![cause.to_owned()],
        reason: DeadReason::Rejected,
        trace_id: trace.map(|trace| trace.trace_id()),
        died_at,
        earlier_attempts: Vec::new(),
    };
    Ok(NewRow {
        lane: Stream::Dead.lane(),
        id: letter.id.clone(),
        subject: subjects::dead(&row.subject),
        payload: serde_json::to_vec(&letter)?.into(),
        traceparent: trace.map(|trace| trace.to_string()),
        at_ms: died_at.timestamp_millis(),
    })
}

/// The letter's own id. What keeps a row from being published may be its id, which must not
/// keep the letter as well.
fn id_of(row: &StoredRow) -> EventId {
    let readable = format!("log:{}:pump", row.id).parse();
    readable.unwrap_or_else(|_: InvalidEventId| EventId::digest(&Sha256::digest(&row.id).into()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use prosaas_events::MAX_EVENT_BYTES;
    use prosaas_platform::bus::publisher::headers;

    use super::*;

    #[test]
    fn a_letter_is_cut_so_that_it_travels_and_says_how_large_it_was() -> anyhow::Result<()> {
        let row = StoredRow {
            seq: 7,
            id: "e1".to_owned(),
            subject: "call.incoming.CA1".to_owned(),
            payload: Bytes::from(vec![7; 2 * MAX_PAYLOAD]),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        };
        let made = letter(&row, "ingress/slot-0", 1, "too large", DateTime::default())?;
        assert!(made.payload.len() < MAX_EVENT_BYTES);
        assert_eq!((made.lane, made.subject.as_str()), (4, "dead.call.incoming.CA1"));
        let read: DeadLetterV1 = serde_json::from_slice(&made.payload)?;
        assert_eq!(read.id, "log:e1:pump");
        assert_eq!(made.id, read.id);
        assert_eq!(read.payload_bytes, 2 * MAX_PAYLOAD);
        assert_eq!(STANDARD.decode(read.payload_base64)?.len(), MAX_PAYLOAD);
        assert_eq!(read.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
        Ok(())
    }

    #[test]
    fn a_row_whose_own_text_cannot_travel_has_a_letter_that_can() -> anyhow::Result<()> {
        let row = StoredRow {
            seq: 7,
            id: "call.dialed:CA1:CA2\r\nX: y:busy".to_owned(),
            subject: "call.dialed.CA1".to_owned(),
            payload: Bytes::from_static(b"{}"),
            traceparent: Some("not\na trace".to_owned()),
        };
        assert!(headers(&row).is_err());
        let made = letter(&row, "ingress/slot-0", 1, "no header", DateTime::default())?;
        let sent = StoredRow { seq: 8, id: made.id, traceparent: made.traceparent, ..row.clone() };
        assert!(headers(&sent).is_ok());
        let read: DeadLetterV1 = serde_json::from_slice(&made.payload)?;
        assert_eq!(read.headers[0], (NATS_MESSAGE_ID.to_string(), row.id), "it says what was wrong");
        Ok(())
    }
}

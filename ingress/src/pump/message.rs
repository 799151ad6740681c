//! How a row travels.

use async_nats::{
    HeaderMap,
    header::{
        NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE, NATS_MESSAGE_ID,
    },
};

use crate::event_log::StoredRow;

/// The media type of a structured CloudEvent, by the NATS binding 1.0.2.
pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The headers of every message: the same id on every try.
pub(super) fn headers(row: &StoredRow) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, row.id.as_str());
    headers.insert("content-type", CONTENT_TYPE);
    if let Some(traceparent) = &row.traceparent {
        headers.insert("traceparent", traceparent.as_str());
    }
    headers
}

/// The headers of a member of an atomic batch (ADR-50), numbered from one.
pub(super) fn batch_headers(row: &StoredRow, batch: &str, number: usize, is_last: bool) -> HeaderMap {
    let mut headers = headers(row);
    headers.insert(NATS_BATCH_ID, batch);
    headers.insert(NATS_BATCH_SEQUENCE, number.to_string());
    if is_last {
        headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
    }
    headers
}

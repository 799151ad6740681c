//! How a row travels.

use async_nats::{
    HeaderMap,
    header::{
        HeaderValue, NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE,
        NATS_MESSAGE_ID, ParseHeaderValueError,
    },
};

use crate::StoredRow;

/// The media type of a structured CloudEvent, by the NATS binding 1.0.2.
pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The headers of every message: the same id on every try. What this release appends always
/// fits; a row that an older one left in the file need not.
pub(super) fn headers(row: &StoredRow) -> Result<HeaderMap, ParseHeaderValueError> {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, row.id.parse::<HeaderValue>()?);
    headers.insert("content-type", CONTENT_TYPE);
    if let Some(traceparent) = &row.traceparent {
        headers.insert("traceparent", traceparent.parse::<HeaderValue>()?);
    }
    Ok(headers)
}

/// The headers of a member of an atomic batch (ADR-50), numbered from one.
pub(super) fn batch_headers(
    row: &StoredRow,
    batch: &str,
    number: usize,
    is_last: bool,
) -> Result<HeaderMap, ParseHeaderValueError> {
    let mut headers = headers(row)?;
    headers.insert(NATS_BATCH_ID, batch);
    headers.insert(NATS_BATCH_SEQUENCE, number.to_string());
    if is_last {
        headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
    }
    Ok(headers)
}

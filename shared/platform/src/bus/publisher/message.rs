//! How a message travels.

use async_nats::{
    HeaderMap,
    header::{
        HeaderValue, NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE,
        NATS_MESSAGE_ID, ParseHeaderValueError,
    },
};

use super::Outgoing;

/// The media type of a structured CloudEvent, by the NATS binding 1.0.2.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The headers of every message: the same id on every try.
///
/// # Errors
/// When the id or the trace is no value of a header. What this release makes always is one; what an older one
/// left need not be.
pub fn headers(outgoing: &impl Outgoing) -> Result<HeaderMap, ParseHeaderValueError> {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, outgoing.id().parse::<HeaderValue>()?);
    headers.insert("content-type", CONTENT_TYPE);
    if let Some(traceparent) = outgoing.traceparent() {
        headers.insert("traceparent", traceparent.parse::<HeaderValue>()?);
    }
    Ok(headers)
}

/// The headers of a member of an atomic batch (ADR-50), numbered from one.
pub(super) fn batch_headers(
    outgoing: &impl Outgoing,
    batch: &str,
    number: usize,
    is_last: bool,
) -> Result<HeaderMap, ParseHeaderValueError> {
    let mut headers = headers(outgoing)?;
    headers.insert(NATS_BATCH_ID, batch);
    headers.insert(NATS_BATCH_SEQUENCE, number.to_string());
    if is_last {
        headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
    }
    Ok(headers)
}

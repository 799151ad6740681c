//! A dead letter: published and acknowledged before the original is terminated.

use async_nats::{
    HeaderMap,
    jetstream::{self, Message},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use prosaas_events::{
    MAX_EVENT_BYTES,
    dead_letter::{AttemptV1, DeadLetterV1, DeadReason},
    subjects,
};
use prosaas_platform::telemetry::TraceParent;

use super::{Cause, Delivery};

/// What is known when an event is given up.
pub(super) struct Verdict {
    pub reason: DeadReason,
    pub error_chain: Vec<String>,
    pub trace: Option<TraceParent>,
}

/// Who reports a failure, and what came before it.
pub(super) struct Reporter<'a> {
    pub consumer: &'a str,
    pub process: &'a str,
    pub earlier: Vec<AttemptV1>,
}

/// Builds the record of the failure.
pub(super) fn dead_letter(
    message: &Message,
    delivery: &Delivery,
    reporter: Reporter<'_>,
    verdict: Verdict,
    now: DateTime<Utc>,
) -> DeadLetterV1 {
    let consumer = reporter.consumer;
    let headers = message.headers.as_ref().map(pairs).unwrap_or_default();
    let kept = message.payload.get(..MAX_EVENT_BYTES).unwrap_or(&message.payload);
    DeadLetterV1 {
        id: format!("{}:{}:{consumer}", delivery.stream, delivery.sequence),
        stream: Some(delivery.stream.clone()),
        stream_sequence: Some(delivery.sequence),
        subject: subjects::original(&delivery.subject).to_owned(),
        headers,
        payload_base64: STANDARD.encode(kept),
        payload_bytes: message.payload.len(),
        consumer: consumer.to_owned(),
        worker: reporter.process.to_owned(),
        attempts: delivery.attempt,
        error_chain: verdict.error_chain,
        reason: verdict.reason,
        trace_id: verdict.trace.map(|t| t.trace_id()),
        died_at: now,
        earlier_attempts: reporter.earlier,
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |v| (name.to_string(), v.as_str().to_owned())))
        .collect()
}

/// Publishes it and waits until the stream has it. The message id makes a second
/// report of the same failure one with the first.
pub(super) async fn publish(context: &jetstream::Context, letter: &DeadLetterV1) -> Result<(), Cause> {
    let mut headers = HeaderMap::new();
    headers.insert(async_nats::header::NATS_MESSAGE_ID, letter.id.as_str());
    let payload = serde_json::to_vec(letter)?;
    let sent = context.publish_with_headers(subjects::dead(&letter.subject), headers, payload.into()).await?;
    sent.await?;
    Ok(())
}

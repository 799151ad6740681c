//! `/webhook/call_status`: Twilio reports how a call stands.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use prosaas_event_log::publish::Kept;
use prosaas_events::{
    CloudEvent, EventId, StatusOrder,
    call::{CallStatus, CallStatusV1, Webhook},
    subjects::Subject,
};
use sha2::{Digest as _, Sha256};

use super::{refusal::Refusal, request::TwilioRequest, twilio_error};
use crate::state::App;

/// Keeps the event and answers 204.
pub async fn handle(State(app): State<App>, request: TwilioRequest) -> Result<StatusCode, Refusal> {
    let status =
        request.get("CallStatus").and_then(CallStatus::parse).ok_or(Refusal::Parameter("CallStatus"))?;
    twilio_error::keep(&app, &request, Webhook::CallStatus).await;
    let mut event = event(&request, status);
    event.businessid = request.business(&app.directory.load());
    let kept = app.publisher.keep_call(Subject::call_status(&request.call_sid), event).await;
    metrics::counter!("prosaas_webhook_acks_total", "webhook" => "call_status", "outcome" => kept.as_str())
        .increment(1);
    tracing::debug!(event = "call.status_received", call_sid = %request.call_sid, status = status.as_str());
    if kept == Kept::Lost { Err(Refusal::NotKept) } else { Ok(StatusCode::NO_CONTENT) }
}

fn event(request: &TwilioRequest, status: CallStatus) -> CloudEvent<CallStatusV1> {
    let sequence_number = request.parsed("SequenceNumber");
    let data = CallStatusV1 {
        call_sid: request.call_sid.clone(),
        account_sid: request.account_sid.clone(),
        status,
        sequence_number,
        from: request.text("From"),
        to: request.text("To"),
        direction: request.text("Direction"),
        duration_s: request.parsed("CallDuration"),
        sip_response_code: request.parsed("SipResponseCode"),
        occurred_at: request.get("Timestamp").and_then(parse_timestamp),
        parent_call_sid: request.parsed("ParentCallSid"),
    };
    let order =
        sequence_number.map_or_else(|| StatusOrder::Parameters(fingerprint(request)), StatusOrder::Sequence);
    let id = EventId::call_status(&request.call_sid, status, order);
    let mut event =
        CloudEvent::new(id, request.source(), request.call_sid.to_string(), request.received_at, data);
    event.traceparent = Some(request.trace.to_string());
    event
}

/// Twilio's `Timestamp` is RFC 2822 in UTC.
fn parse_timestamp(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.with_timezone(&Utc))
}

/// What makes a callback without a sequence number unique: its parameters.
fn fingerprint(request: &TwilioRequest) -> [u8; 12] {
    let mut hash = Sha256::new();
    for (name, value) in request.params.iter() {
        hash.update(name.len().to_be_bytes());
        hash.update(name);
        hash.update(value.len().to_be_bytes());
        hash.update(value);
    }
    let mut digest = [0; 12];
    digest.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    digest
}

//! `/webhook/incoming_call`: a call asks what to do.

use std::sync::Arc;

use axum::extract::State;
use prosaas_event_log::publish::Kept;
use prosaas_events::{
    CloudEvent, EventId,
    call::{CallIncomingV1, CallStatus, Webhook},
    subjects::Subject,
};

use super::{refusal::Refusal, request::TwilioRequest, twilio_error, twiml_response::TwimlResponse};
use crate::{answer, services::call_directory::BusinessAnswers, state::App};

/// Answers from memory, keeps the event, and only then replies. A caller is
/// answered even when the event can be kept nowhere.
pub async fn handle(State(app): State<App>, request: TwilioRequest) -> Result<TwimlResponse, Refusal> {
    twilio_error::keep(&app, &request, Webhook::IncomingCall).await;
    let called = request.get("To").unwrap_or_default();
    let directory = app.directory.load();
    let business = directory.by_number(called);
    let (given, twiml) = app.answered.remember(&request.call_sid, called, || match business {
        Some(business) => business.answers.incoming(request.received_at, request.caller()),
        None => (prosaas_events::call::Answer::UnknownNumber, answer::unknown_number()),
    });
    let event = event(&request, business, given);
    let kept = app.publisher.keep_call(Subject::call_incoming(&request.call_sid), event).await;
    metrics::counter!("prosaas_webhook_acks_total", "webhook" => "incoming_call", "outcome" => kept.as_str())
        .increment(1);
    tracing::info!(
        event = "call.answered",
        call_sid = %request.call_sid,
        business_id = business.map(|b| tracing::field::display(b.config.business_id)),
        answer = ?given,
        trace_id = %request.trace.trace_id(),
    );
    if kept == Kept::Lost {
        tracing::error!(event = "call.event_lost", call_sid = %request.call_sid, "answered, but kept nowhere");
    }
    Ok(TwimlResponse(twiml))
}

fn event(
    request: &TwilioRequest,
    business: Option<&Arc<BusinessAnswers>>,
    given: prosaas_events::call::Answer,
) -> CloudEvent<CallIncomingV1> {
    let data = CallIncomingV1 {
        call_sid: request.call_sid.clone(),
        account_sid: request.account_sid.clone(),
        from: request.text("From").unwrap_or_default(),
        to: request.text("To").unwrap_or_default(),
        direction: request.text("Direction"),
        status: request.get("CallStatus").and_then(CallStatus::parse),
        caller_name: request.text("CallerName"),
        forwarded_from: request.text("ForwardedFrom"),
        parent_call_sid: request.parsed("ParentCallSid"),
        stir_verstat: request.text("StirVerstat"),
        error_code: request.text("ErrorCode"),
        answer: given,
    };
    let id = EventId::call_incoming(&request.call_sid);
    let mut event =
        CloudEvent::new(id, request.source(), request.call_sid.to_string(), request.received_at, data);
    event.businessid = business.map(|b| b.config.business_id);
    event.traceparent = Some(request.trace.to_string());
    event
}

//! `/webhook/dial_result`: forwarding ended (`<Dial action>`); the caller may
//! still be on the line.

use axum::extract::State;
use prosaas_domain::ids::CallSid;
use prosaas_events::{
    CloudEvent, EventId,
    call::{CallDialedV1, CallStatus, Webhook, was_put_through},
    subjects::Subject,
};

use super::{refusal::Refusal, request::TwilioRequest, twilio_error, twiml_response::TwimlResponse};
use crate::{
    answer::{self, Round},
    state::App,
};

/// Hangs up after a conversation, else rings the next or lets the caller leave a message.
pub async fn handle(State(app): State<App>, request: TwilioRequest) -> Result<TwimlResponse, Refusal> {
    let outcome = match request.get("DialCallStatus").ok_or(Refusal::Parameter("DialCallStatus"))? {
        // What Twilio says of a conference; to the caller it is the same.
        "answered" => CallStatus::Completed,
        // The caller is on the line: a word that we do not know yet must not end the call.
        word => CallStatus::parse(word).unwrap_or(CallStatus::Failed),
    };
    twilio_error::keep(&app, &request, Webhook::DialResult).await;
    let bridged = request.parsed("DialBridged");
    let screened = request.ours("screened").is_some();
    let directory = app.directory.load();
    let business = directory.by_number(request.get("To").unwrap_or_default());
    let dialed_call_sid: Option<CallSid> = request.parsed("DialCallSid");
    let id = EventId::call_dialed(&request.call_sid, dialed_call_sid.as_ref(), outcome);
    let data = CallDialedV1 {
        call_sid: request.call_sid.clone(),
        account_sid: request.account_sid.clone(),
        outcome,
        dialed_call_sid,
        duration_s: request.parsed("DialCallDuration"),
        bridged,
        screened,
        user_id: request.person(),
    };
    let mut event =
        CloudEvent::new(id, request.source(), request.call_sid.to_string(), request.received_at, data);
    event.businessid = business.map(|b| b.config.business_id);
    event.traceparent = Some(request.trace.to_string());
    let kept = app.publisher.keep_call(Subject::call_dialed(&request.call_sid), event).await;
    metrics::counter!("prosaas_webhook_acks_total", "webhook" => "dial_result", "outcome" => kept.as_str())
        .increment(1);
    Ok(TwimlResponse(match business {
        // Of screened legs only the one on which 1 was pressed is ever connected. Which ingress heard the digit is
        // not known here, and need not be.
        Some(business) => business.answers.after_dial(
            request.received_at,
            request.caller(),
            &Round::read(|name| request.ours(name)),
            was_put_through(outcome, bridged, screened),
        ),
        None => answer::safe_fallback(),
    }))
}

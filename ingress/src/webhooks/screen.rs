//! `/webhook/screen`: somebody, or a voicemail, has answered a forwarded call (`<Number url>`), and is asked whether to
//! put the caller through. The same address is told the digit.

use axum::extract::State;
use prosaas_domain::{ids::BusinessId, phone};
use prosaas_event_log::publish::Kept;
use prosaas_events::{
    CloudEvent, EventId,
    call::{CallLegAcceptedV1, Webhook},
    subjects::Subject,
};

use super::{
    refusal::Refusal,
    request::{TwilioRequest, sid},
    twilio_error,
    twiml_response::TwimlResponse,
};
use crate::{answer, state::App};

/// The digit that takes a call.
const YES: &str = "1";

/// Asks; puts the caller through when 1 was pressed, and hangs up on anything else.
pub async fn handle(State(app): State<App>, request: TwilioRequest) -> Result<TwimlResponse, Refusal> {
    twilio_error::keep(&app, &request, Webhook::Screen).await;
    let business: Option<BusinessId> = request.ours("business").and_then(|id| id.parse().ok());
    let (result, twiml) = match request.get("Digits") {
        Some(YES) => {
            accept(&app, &request, business).await?;
            ("accepted", answer::put_through())
        }
        Some(_) => ("declined", answer::hang_up()),
        None => {
            let directory = app.directory.load();
            let held = business.and_then(|id| directory.by_id(id));
            let from = request.get("From").unwrap_or_default();
            // Nobody is put through for a business that rests or is gone.
            (
                "asked",
                held.map_or_else(answer::hang_up, |held| {
                    answer::screening(&held.config, from, request.person())
                }),
            )
        }
    };
    metrics::counter!("prosaas_call_screenings_total", "result" => result).increment(1);
    tracing::debug!(event = "call.screened", call_sid = %request.call_sid, outcome = result);
    Ok(TwimlResponse(twiml))
}

/// Keeps that the call was taken. The two are put through even when that can be kept nowhere.
async fn accept(app: &App, request: &TwilioRequest, business: Option<BusinessId>) -> Result<(), Refusal> {
    let call = sid(&request.params, "ParentCallSid")?;
    let id = EventId::call_leg_accepted(&call, &request.call_sid);
    let subject = Subject::call_leg_accepted(&call);
    let entity = call.to_string();
    let data = CallLegAcceptedV1 {
        call_sid: call,
        account_sid: request.account_sid.clone(),
        leg_sid: request.call_sid.clone(),
        number: request.get("To").and_then(phone::caller),
        user_id: request.person(),
    };
    let mut event = CloudEvent::new(id, request.source(), entity, request.received_at, data);
    event.businessid = business;
    event.traceparent = Some(request.trace.to_string());
    let kept = app.publisher.keep_call(subject, event).await;
    metrics::counter!("prosaas_webhook_acks_total", "webhook" => "screen", "outcome" => kept.as_str())
        .increment(1);
    if kept == Kept::Lost {
        tracing::error!(event = "call.event_lost", call_sid = %request.call_sid, "taken, but kept nowhere");
    }
    Ok(())
}

//! `/webhook/menu`: a caller was asked to choose (`<Gather>`), and pressed a key or none.

use axum::extract::State;
use prosaas_events::{
    CloudEvent, EventId,
    call::{CallMenuV1, Webhook},
    subjects::Subject,
};

use super::{refusal::Refusal, request::TwilioRequest, twilio_error, twiml_response::TwimlResponse};
use crate::{
    answer::{self, Asked, Pressed},
    state::App,
};

/// Goes on as the caller chose: asks again, opens another menu, rings somebody, takes a message, or says something.
pub async fn handle(State(app): State<App>, request: TwilioRequest) -> Result<TwimlResponse, Refusal> {
    twilio_error::keep(&app, &request, Webhook::Menu).await;
    let directory = app.directory.load();
    let caller = request.caller();
    let Some(business) = directory.by_number(caller.to) else {
        return Ok(TwimlResponse(answer::safe_fallback()));
    };
    let asked = Asked::read(|name| request.ours(name));
    let (pressed, twiml) =
        business.answers.pressed(request.received_at, caller, &asked, request.get("Digits"));
    // Nothing is told of a menu that is gone meanwhile: nobody knows what the key meant.
    if let Some(pressed) = pressed {
        let mut event = event(&request, &asked, pressed);
        event.businessid = Some(business.config.business_id);
        let kept = app.publisher.keep_call(Subject::call_menu(&request.call_sid), event).await;
        metrics::counter!("prosaas_webhook_acks_total", "webhook" => "menu", "outcome" => kept.as_str())
            .increment(1);
    }
    Ok(TwimlResponse(twiml))
}

fn event(request: &TwilioRequest, asked: &Asked, pressed: Pressed) -> CloudEvent<CallMenuV1> {
    let data = CallMenuV1 {
        call_sid: request.call_sid.clone(),
        account_sid: request.account_sid.clone(),
        at: asked.at.clone(),
        attempt: asked.silent.saturating_add(asked.wrong),
        result: pressed.result,
        key: pressed.key,
        label: pressed.label,
        then: pressed.then,
    };
    let id = EventId::call_menu(&request.call_sid, &asked.at, asked.silent, asked.wrong);
    let mut event =
        CloudEvent::new(id, request.source(), request.call_sid.to_string(), request.received_at, data);
    event.traceparent = Some(request.trace.to_string());
    event
}

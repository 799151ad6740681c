//! What Twilio could not do: any webhook may bring an `ErrorCode`.

use prosaas_domain::ids::CallSid;
use prosaas_events::{
    CloudEvent, EventId,
    call::{self, CallErrorV1, Webhook},
    subjects::Subject,
};

use super::request::TwilioRequest;
use crate::state::App;

/// Longest message that is kept, characters.
const MAX_MESSAGE: usize = 500;

/// Counts and keeps the error that a request brings, if it brings one. What the caller is answered does not depend on it.
pub(super) async fn keep(app: &App, request: &TwilioRequest, webhook: Webhook) {
    // What has no error may say 0.
    let told = |name| request.parsed::<u32>(name).filter(|code| *code > 0);
    let Some(code) = ["ErrorCode", "RecordingErrorCode"].into_iter().find_map(told) else { return };
    let label = if (10_000..100_000).contains(&code) { code.to_string() } else { "other".to_owned() };
    metrics::counter!("prosaas_twilio_errors_total", "webhook" => webhook.as_str(), "code" => label)
        .increment(1);
    tracing::warn!(event = "twilio.error", call_sid = %request.call_sid, webhook = webhook.as_str(), code);
    let message = request.get("ErrorMessage").map(|text| text.chars().take(MAX_MESSAGE).collect());
    // What happens on the leg of somebody who was rung belongs to the call that they were rung for.
    let outbound = call::is_outbound(request.get("Direction"));
    let parent: Option<CallSid> = request.parsed("ParentCallSid").filter(|_| outbound);
    let call_sid = parent.unwrap_or_else(|| request.call_sid.clone());
    let id = EventId::call_error(&call_sid, webhook, code);
    let (subject, entity) = (Subject::call_error(&call_sid), call_sid.to_string());
    let data = CallErrorV1 { call_sid, account_sid: request.account_sid.clone(), webhook, code, message };
    let mut event = CloudEvent::new(id, request.source(), entity, request.received_at, data);
    event.businessid = request.business(&app.directory.load());
    event.traceparent = Some(request.trace.to_string());
    app.publisher.keep_call(subject, event).await;
}

//! What Twilio could not do: any webhook may bring an `ErrorCode`.

use prosaas_events::{
    CloudEvent, EventId,
    call::{CallErrorV1, Webhook},
    subjects::Subject,
};

use super::request::TwilioRequest;
use crate::state::App;

/// Longest message that is kept, characters.
const MAX_MESSAGE: usize = 500;

/// Counts and keeps the error that a request brings, if it brings one. What the caller is answered does not depend on it.
pub(super) async fn keep(app: &App, request: &TwilioRequest, webhook: Webhook) {
    let code = ["ErrorCode", "RecordingErrorCode"].into_iter().find_map(|name| request.parsed::<u32>(name));
    // A recording without an error says 0.
    let Some(code) = code.filter(|code| *code > 0) else { return };
    let label = if (10_000..100_000).contains(&code) { code.to_string() } else { "other".to_owned() };
    metrics::counter!("prosaas_twilio_errors_total", "webhook" => webhook.as_str(), "code" => label)
        .increment(1);
    tracing::warn!(event = "twilio.error", call_sid = %request.call_sid, webhook = webhook.as_str(), code);
    let message = request.get("ErrorMessage").map(|text| text.chars().take(MAX_MESSAGE).collect());
    let data = CallErrorV1 {
        call_sid: request.call_sid.clone(),
        account_sid: request.account_sid.clone(),
        webhook,
        code,
        message,
    };
    let id = EventId::call_error(&request.call_sid, webhook, code);
    let mut event =
        CloudEvent::new(id, request.source(), request.call_sid.to_string(), request.received_at, data);
    event.businessid = request.business(&app.directory.load());
    event.traceparent = Some(request.trace.to_string());
    app.publisher.keep_call(Subject::call_error(&request.call_sid), event).await;
}

//! `/webhook/handle_recording`: a recording ended (`<Record action>`), or changed
//! its state (`recordingStatusCallback`). Both want TwiML that ends the call:
//! without it Twilio would ask the same address again, for ever.

use axum::extract::State;
use prosaas_domain::{call_config::Language, ids::RecordingSid};
use prosaas_event_log::publish::Kept;
use prosaas_events::{
    CloudEvent, EventData, EventId,
    call::Webhook,
    recording::{RecordingAvailableV1, RecordingProgress, RecordingStatusV1},
    subjects::Subject,
};

use super::{
    refusal::Refusal,
    request::{TwilioRequest, sid},
    twilio_error,
    twiml_response::TwimlResponse,
};
use crate::{answer, state::App};

/// Keeps the event, thanks and hangs up.
pub async fn handle(State(app): State<App>, request: TwilioRequest) -> Result<TwimlResponse, Refusal> {
    twilio_error::keep(&app, &request, Webhook::HandleRecording).await;
    let kept = match fact(&request)? {
        Fact::Available(recording, data) => {
            let id = EventId::recording_available(&recording);
            let event = envelope(&app, &request, id, &recording, data);
            app.publisher.keep_call(Subject::recording_available(&recording), event).await
        }
        Fact::Progress(recording, data) => {
            let id = EventId::recording_status(&recording, data.status);
            let event = envelope(&app, &request, id, &recording, data);
            app.publisher.keep_call(Subject::recording_status(&recording), event).await
        }
        Fact::Nothing => Kept::Logged,
    };
    metrics::counter!("prosaas_webhook_acks_total", "webhook" => "handle_recording", "outcome" => kept.as_str())
        .increment(1);
    let directory = app.directory.load();
    let business = directory.by_number(request.get("To").unwrap_or_default());
    Ok(TwimlResponse(business.map_or_else(
        || answer::after_recording(Language::He),
        |business| business.answers.after_recording(),
    )))
}

/// What the request says.
enum Fact {
    Available(RecordingSid, RecordingAvailableV1),
    Progress(RecordingSid, RecordingStatusV1),
    /// `<Record action>` without a recording: the caller said nothing.
    Nothing,
}

fn fact(request: &TwilioRequest) -> Result<Fact, Refusal> {
    let status = request.get("RecordingStatus");
    if request.get("RecordingSid").is_none() && status.is_none() {
        return Ok(Fact::Nothing);
    }
    let recording_sid: RecordingSid = sid(&request.params, "RecordingSid")?;
    if let Some(word) = status.filter(|word| *word != "completed") {
        let status = RecordingProgress::parse(word).ok_or(Refusal::Parameter("RecordingStatus"))?;
        let data = RecordingStatusV1 {
            recording_sid: recording_sid.clone(),
            call_sid: request.call_sid.clone(),
            account_sid: request.account_sid.clone(),
            status,
            error_code: request.text("RecordingErrorCode").or_else(|| request.text("ErrorCode")),
        };
        return Ok(Fact::Progress(recording_sid, data));
    }
    let data = RecordingAvailableV1 {
        recording_sid: recording_sid.clone(),
        call_sid: request.call_sid.clone(),
        account_sid: request.account_sid.clone(),
        url: request.text("RecordingUrl").ok_or(Refusal::Parameter("RecordingUrl"))?,
        duration_s: request.parsed("RecordingDuration"),
        channels: request.parsed("RecordingChannels"),
    };
    Ok(Fact::Available(recording_sid, data))
}

fn envelope<T: EventData>(
    app: &App,
    request: &TwilioRequest,
    id: EventId,
    recording: &RecordingSid,
    data: T,
) -> CloudEvent<T> {
    let mut event = CloudEvent::new(id, request.source(), recording.to_string(), request.received_at, data);
    event.businessid = request.business(&app.directory.load());
    event.traceparent = Some(request.trace.to_string());
    event
}

//! The recordings worker: fetches each recording and keeps it safe.

pub mod address;
mod fetch;
pub mod provider_delete;
pub mod state;
pub mod store;
pub mod twilio;
mod worker;

use prosaas_events::{
    CloudEvent, DecodeError, EventData, TypeOnly,
    recording::{RecordingAvailableV1, RecordingProgress, RecordingStatusV1},
    subjects::{Stream, consumers},
};

pub use self::worker::{MAX_BYTES, RecordingsWorker};
use self::{address::Forged, state::Fact, store::Report};
use crate::runtime::{Delivery, Done, Failure, Meta, Worker};

/// An event of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingEvent {
    /// It is complete at Twilio.
    Available(RecordingAvailableV1),
    /// It began, is absent, or failed.
    Status(RecordingStatusV1),
}

impl RecordingsWorker {
    async fn status(&self, meta: &Meta, data: &RecordingStatusV1) -> Result<Done, Failure> {
        if data.account_sid.as_ref().is_some_and(|account| *account != self.twilio.api.account) {
            return Err(Failure::fail(Forged::Account));
        }
        let failure = (data.status == RecordingProgress::Failed).then(|| {
            let code = data.error_code.as_deref().unwrap_or("none");
            format!("Twilio could not record the call (error code {code})")
        });
        let report = Report {
            recording: &data.recording_sid,
            call: &data.call_sid,
            fact: Fact::Progress(data.status),
            failure,
            duration_s: None,
            channels: None,
        };
        store::report(&self.pool, self.consumer(), meta, &report).await
    }
}

impl Worker for RecordingsWorker {
    type Event = RecordingEvent;

    fn stream(&self) -> &'static str {
        Stream::Recordings.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::RECORDINGS
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, RecordingEvent), DecodeError> {
        let TypeOnly { event_type } = serde_json::from_slice(bytes)?;
        if event_type == RecordingAvailableV1::TYPE {
            let (meta, data) = Meta::split(CloudEvent::<RecordingAvailableV1>::decode(bytes)?);
            return Ok((meta, RecordingEvent::Available(data)));
        }
        // Any other type is refused by name there.
        let (meta, data) = Meta::split(CloudEvent::<RecordingStatusV1>::decode(bytes)?);
        Ok((meta, RecordingEvent::Status(data)))
    }

    async fn handle(
        &self,
        delivery: &Delivery,
        meta: &Meta,
        event: &RecordingEvent,
    ) -> Result<Done, Failure> {
        let outcome = match event {
            RecordingEvent::Available(data) => {
                fetch::fetch(self, self.consumer(), delivery, meta, data).await
            }
            RecordingEvent::Status(data) => self.status(meta, data).await,
        };
        // Also when it was given up, which its row says.
        self.live.announce(&self.pool, &meta.key()).await;
        outcome
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.pool).await
    }
}

//! The recordings worker: fetches each recording and keeps it safe.

mod fetch;
pub mod provider_delete;
mod rows;
pub mod state;
pub mod store;
mod worker;

use prosaas_events::{
    CloudEvent, DecodeError, EventData, TypeOnly,
    recording::{RecordingAvailableV1, RecordingProgress, RecordingStatusV1},
    subjects::{Stream, consumers},
};

pub use self::worker::{MAX_BYTES, RecordingsWorker};
use self::{rows::Report, state::Fact};
use crate::{
    runtime::{Delivery, Done, Failure, Job, Meta, Worker},
    twilio::address::Forged,
};

/// An event of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingEvent {
    /// It is complete at Twilio.
    Available(RecordingAvailableV1),
    /// It began, is absent, or failed.
    Status(RecordingStatusV1),
}

/// Most statuses of one transaction.
const BATCH: usize = 50;

impl RecordingsWorker {
    fn report<'a>(&self, data: &'a RecordingStatusV1) -> Result<Report<'a>, Failure> {
        if data.account_sid.as_ref().is_some_and(|account| *account != self.twilio.api.account) {
            return Err(Failure::fail(Forged::Account));
        }
        let failure = (data.status == RecordingProgress::Failed).then(|| {
            let code = data.error_code.as_deref().unwrap_or("none");
            format!("Twilio could not record the call (error code {code})")
        });
        Ok(Report {
            recording: &data.recording_sid,
            call: &data.call_sid,
            fact: Fact::Progress(data.status),
            failure,
            duration_s: None,
            channels: None,
        })
    }

    async fn statuses(&self, statuses: &[(&Meta, &RecordingStatusV1)]) -> Result<Vec<Done>, Failure> {
        let reports =
            statuses.iter().map(|(_, data)| self.report(data)).collect::<Result<Vec<_>, Failure>>()?;
        let told: Vec<_> = statuses.iter().map(|(meta, _)| *meta).zip(&reports).collect();
        store::report_all(&self.pool, self.consumer(), &told).await
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
            RecordingEvent::Status(data) => {
                self.statuses(&[(meta, data)]).await.map(|done| Done::only(&done))
            }
        };
        // Also when it was given up, which its row says.
        self.live.announce(&self.pool, &meta.key()).await;
        outcome
    }

    fn most_at_once(&self) -> usize {
        BATCH
    }

    fn goes_with_others(&self, event: &RecordingEvent) -> bool {
        matches!(event, RecordingEvent::Status(_))
    }

    async fn handle_all(&self, events: &[Job<'_, RecordingEvent>]) -> Result<Vec<Done>, Failure> {
        let mut statuses = Vec::with_capacity(events.len());
        for job in events {
            let RecordingEvent::Status(data) = job.event else {
                return Err(Failure::fail("what is to be fetched goes alone"));
            };
            statuses.push((job.meta, data));
        }
        let done = self.statuses(&statuses).await?;
        let keys: Vec<String> = events.iter().map(|job| job.meta.key()).collect();
        self.live.announce_all(&self.pool, &keys).await;
        Ok(done)
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.pool).await
    }
}

//! The calls worker: one row a CallSid, whatever order its events come in.

pub mod apply;
pub mod change;
pub mod event;
pub mod fact;
pub mod fold;
#[cfg(test)]
mod fold_tests;
mod history;
pub mod last_status;
pub mod lead;
pub mod owner;
pub mod reread;
pub mod store;
pub mod told;

use prosaas_events::{
    CloudEvent, DecodeError, EventData, TypeOnly,
    call::{
        CallDialedV1, CallErrorV1, CallIncomingV1, CallLegAcceptedV1, CallMenuV1, CallStatusV1, CallUnknownV1,
    },
    subjects::{Stream, consumers},
};
use sqlx::PgPool;
use tracing::Instrument as _;

pub use apply::{Applied, apply_all};
pub use event::CallEvent;

use crate::{
    live::Live,
    runtime::{Delivery, Done, Failure, Job, Meta, Worker},
};

/// Most events of one transaction.
const BATCH: usize = 250;

/// Keeps the calls' rows.
#[derive(Debug, Clone)]
pub struct CallsWorker {
    pool: PgPool,
    live: Live,
}

impl CallsWorker {
    /// A worker on that database.
    pub fn new(pool: PgPool) -> Self {
        Self { pool, live: Live::silent() }
    }

    /// The same, telling whoever is watching.
    #[must_use]
    pub fn with_live(self, live: Live) -> Self {
        Self { live, ..self }
    }
}

impl Worker for CallsWorker {
    type Event = CallEvent;

    fn stream(&self) -> &'static str {
        Stream::Calls.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::CALLS
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, CallEvent), DecodeError> {
        let TypeOnly { event_type } = serde_json::from_slice(bytes)?;
        match event_type.as_str() {
            CallIncomingV1::TYPE => {
                let (meta, data) = Meta::split(CloudEvent::<CallIncomingV1>::decode(bytes)?);
                Ok((meta, CallEvent::Incoming(data)))
            }
            CallMenuV1::TYPE => {
                let (meta, data) = Meta::split(CloudEvent::<CallMenuV1>::decode(bytes)?);
                Ok((meta, CallEvent::Menu(data)))
            }
            CallLegAcceptedV1::TYPE => {
                let (meta, data) = Meta::split(CloudEvent::<CallLegAcceptedV1>::decode(bytes)?);
                Ok((meta, CallEvent::LegAccepted(data)))
            }
            CallErrorV1::TYPE => {
                let (meta, data) = Meta::split(CloudEvent::<CallErrorV1>::decode(bytes)?);
                Ok((meta, CallEvent::Error(data)))
            }
            CallUnknownV1::TYPE => {
                let (meta, data) = Meta::split(CloudEvent::<CallUnknownV1>::decode(bytes)?);
                Ok((meta, CallEvent::Unknown(data)))
            }
            CallDialedV1::TYPE => {
                let (meta, data) = Meta::split(CloudEvent::<CallDialedV1>::decode(bytes)?);
                Ok((meta, CallEvent::Dialed(data)))
            }
            // Any other type is refused by name there.
            _ => {
                let (meta, data) = Meta::split(CloudEvent::<CallStatusV1>::decode(bytes)?);
                Ok((meta, CallEvent::Status(data)))
            }
        }
    }

    async fn handle(&self, delivery: &Delivery, meta: &Meta, event: &CallEvent) -> Result<Done, Failure> {
        Ok(Done::only(&self.handle_all(&[Job { delivery, meta, event }]).await?))
    }

    fn most_at_once(&self) -> usize {
        BATCH
    }

    async fn handle_all(&self, events: &[Job<'_, CallEvent>]) -> Result<Vec<Done>, Failure> {
        let pairs: Vec<_> = events.iter().map(|job| (job.meta, job.event)).collect();
        let span = tracing::info_span!("calls.apply", events = events.len());
        let Applied { done, updates } =
            apply_all(&self.pool, self.consumer(), &pairs).instrument(span).await?;
        let before = events.iter().zip(&done).filter(|(_, done)| **done == Done::AlreadyApplied);
        let before: Vec<String> = before.map(|(job, _)| job.meta.key()).collect();
        self.live.announce_new(&self.pool, updates, &before).await;
        Ok(done)
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.pool).await
    }
}

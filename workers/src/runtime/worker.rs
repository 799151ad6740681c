//! What a worker is, and what it is given.

use std::future::Future;

use chrono::{DateTime, Utc};
use prosaas_dead_letters::identity;
use prosaas_domain::ids::{BusinessId, UserId};
use prosaas_events::{CloudEvent, DecodeError, EventData};

use super::{Delivery, Failure};

/// A worker: it reads one durable consumer and applies each event once.
pub trait Worker: Send + Sync + 'static {
    /// What the consumer's messages are, decoded.
    type Event: Send + Sync;

    /// The stream that it reads, by its name.
    fn stream(&self) -> &'static str;

    /// Its durable consumer; also its name in logs, metrics and dead letters.
    fn consumer(&self) -> &'static str;

    /// Reads the bytes of an event.
    fn decode(&self, bytes: &[u8]) -> Result<(Meta, Self::Event), DecodeError>;

    /// Applies the event. It may run again at any time, also beside itself, and
    /// must then change nothing: see [`super::mark_processed`].
    fn handle(
        &self,
        delivery: &Delivery,
        meta: &Meta,
        event: &Self::Event,
    ) -> impl Future<Output = Result<Done, Failure>> + Send;

    /// Most events that [`Self::handle_all`] takes; one where events are applied one by one.
    fn most_at_once(&self) -> usize {
        1
    }

    /// Whether the event may be among those. One that takes long, or that needs its own answer, goes alone.
    fn goes_with_others(&self, event: &Self::Event) -> bool {
        let _ = event;
        true
    }

    /// Applies several events in one transaction, all or none, and says of each whether it was new. Where it fails,
    /// the runtime tries parts of them, down to each by itself through [`Self::handle`].
    fn handle_all(
        &self,
        events: &[Job<'_, Self::Event>],
    ) -> impl Future<Output = Result<Vec<Done>, Failure>> + Send {
        let _ = events;
        async { Err(Failure::fail("this worker applies events one by one")) }
    }

    /// How many events may wait here for a place, taken from the stream: as many as can go together, or among which
    /// each business has its turn.
    fn window(&self) -> usize {
        if self.most_at_once() > 1 { self.most_at_once() } else { 0 }
    }

    /// Whether the event is bulk work, of which a business has one at a time.
    fn is_bulk(&self, event: &Self::Event) -> bool {
        let _ = event;
        false
    }

    /// Whether what it depends on answers. Asked before pulling and during an outage.
    fn ready(&self) -> impl Future<Output = bool> + Send;
}

/// One event of several.
#[derive(Debug)]
pub struct Job<'a, T> {
    /// How it came.
    pub delivery: &'a Delivery,
    /// Its envelope.
    pub meta: &'a Meta,
    /// What it says.
    pub event: &'a T,
}

/// The event has been applied and committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Now.
    Applied,
    /// Before: this was a redelivery.
    AlreadyApplied,
}

impl Done {
    /// What became of the only event, where one was applied by what applies many.
    pub fn only(done: &[Self]) -> Self {
        done.first().copied().unwrap_or(Self::AlreadyApplied)
    }
}

/// What the envelope says, without the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The CloudEvents id.
    pub id: String,
    /// `pro.prosaas.<domain>.<event>.v<N>`.
    pub event_type: String,
    /// Who raised it, such as `/twilio/AC…`.
    pub source: String,
    /// When the ingress received it.
    pub time: DateTime<Utc>,
    /// The business, where the ingress knew it.
    pub business: Option<BusinessId>,
    /// The person who asked for it.
    pub actor: Option<UserId>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// Number of the replay, where people want an event run again that had succeeded.
    pub again: Option<i64>,
}

impl Meta {
    /// The key of the event's processed mark and the event's name in audit records: its
    /// id, and another one for each replay of what had succeeded.
    pub fn key(&self) -> String {
        identity::processed_key(&self.id, self.again)
    }

    /// Takes an event apart.
    pub fn split<T: EventData>(event: CloudEvent<T>) -> (Self, T) {
        let meta = Self {
            id: event.id.into_string(),
            event_type: event.event_type,
            source: event.source,
            time: event.time,
            business: event.businessid,
            actor: event.actorid,
            traceparent: event.traceparent,
            again: None,
        };
        (meta, event.data)
    }
}

//! Handlers that fail when they are told to, for the fault suite. Production refuses
//! the setting that turns this on.
//!
//! A call or a recording whose id holds one of the words below fails in its first life,
//! and never in a replay: as if the bug had been mended meanwhile.

use std::time::Duration;

use prosaas_events::DecodeError;

use crate::runtime::{Delivery, Done, Failure, Job, Meta, Worker};

/// A worker behind faults.
#[derive(Debug, Clone)]
pub struct Faulty<W>(pub W);

/// What an id asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The first two attempts fail.
    Transient,
    /// Trying again does not help.
    Permanent,
    /// The first two attempts panic.
    Panic,
    /// The first attempt never ends.
    Hang,
}

fn fault(delivery: &Delivery) -> Option<Fault> {
    if delivery.subject.starts_with("replay.") {
        return None;
    }
    let asked = |word: &str| delivery.subject.contains(word);
    match () {
        () if asked("-permanent-") => Some(Fault::Permanent),
        () if asked("-transient-") && delivery.attempt <= 2 => Some(Fault::Transient),
        () if asked("-panic-") && delivery.attempt <= 2 => Some(Fault::Panic),
        () if asked("-hang-") && delivery.attempt == 1 => Some(Fault::Hang),
        () => None,
    }
}

impl<W: Worker> Worker for Faulty<W> {
    type Event = W::Event;

    fn stream(&self) -> &'static str {
        self.0.stream()
    }

    fn consumer(&self) -> &'static str {
        self.0.consumer()
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, W::Event), DecodeError> {
        self.0.decode(bytes)
    }

    async fn handle(&self, delivery: &Delivery, meta: &Meta, event: &W::Event) -> Result<Done, Failure> {
        match fault(delivery) {
            None => self.0.handle(delivery, meta, event).await,
            Some(Fault::Transient) => Err(Failure::retry("told to fail for now")),
            Some(Fault::Permanent) => Err(Failure::fail("told to fail for good")),
            Some(Fault::Panic) => told_to_panic(),
            Some(Fault::Hang) => {
                tokio::time::sleep(Duration::from_hours(1)).await;
                Err(Failure::retry("told to hang"))
            }
        }
    }

    fn most_at_once(&self) -> usize {
        self.0.most_at_once()
    }

    fn goes_with_others(&self, event: &W::Event) -> bool {
        self.0.goes_with_others(event)
    }

    fn window(&self) -> usize {
        self.0.window()
    }

    fn is_bulk(&self, event: &W::Event) -> bool {
        self.0.is_bulk(event)
    }

    async fn handle_all(&self, events: &[Job<'_, W::Event>]) -> Result<Vec<Done>, Failure> {
        if events.iter().any(|job| fault(job.delivery).is_some()) {
            return Err(Failure::retry("one of them is told to fail"));
        }
        self.0.handle_all(events).await
    }

    async fn ready(&self) -> bool {
        self.0.ready().await
    }
}

#[expect(clippy::panic, reason = "a handler that panics is what is asked for")]
fn told_to_panic() -> ! {
    panic!("told to panic")
}

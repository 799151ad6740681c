//! One business's bulk work beside what others want.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use prosaas_domain::ids::BusinessId;
use prosaas_events::{
    CloudEvent, DecodeError,
    call::CallStatusV1,
    subjects::{Stream, consumers},
};
use prosaas_workers::runtime::{Delivery, Done, Failure, Meta, Policy, Worker, run};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    runtime::{send_for, settled},
    support::{Nats, eventually},
};

/// What is being done, and what has been.
#[derive(Default)]
struct Seen {
    begun: HashSet<String>,
    /// Businesses whose bulk work is being done.
    busy: HashSet<BusinessId>,
    /// Whether two bulk jobs of one business were done at once.
    doubled: bool,
    done: HashSet<String>,
}

/// Bulk work waits for the gate, everything else is done at once.
struct InTurn {
    seen: Arc<Mutex<Seen>>,
    gate: Arc<Semaphore>,
}

impl Worker for InTurn {
    type Event = String;

    fn stream(&self) -> &'static str {
        Stream::Calls.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::CALLS
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, String), DecodeError> {
        let (meta, _) = Meta::split(CloudEvent::<CallStatusV1>::decode(bytes)?);
        let id = meta.id.clone();
        Ok((meta, id))
    }

    async fn handle(&self, _: &Delivery, meta: &Meta, id: &String) -> Result<Done, Failure> {
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen().begun.insert(id.clone());
        if let Some(business) = meta.business.filter(|_| self.is_bulk(id)) {
            let first = seen().busy.insert(business);
            seen().doubled |= !first;
            if let Ok(permit) = self.gate.acquire().await {
                drop(permit);
            }
            seen().busy.remove(&business);
        }
        seen().done.insert(id.clone());
        Ok(Done::Applied)
    }

    fn window(&self) -> usize {
        16
    }

    fn is_bulk(&self, id: &String) -> bool {
        id.starts_with("bulk")
    }

    async fn ready(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn bulk_work_of_one_business_holds_nobody_up() -> Result<()> {
    let nats = Nats::start().await?;
    let (seen, gate, stop) =
        (Arc::new(Mutex::new(Seen::default())), Arc::new(Semaphore::new(0)), CancellationToken::new());
    let [busy, other] = [1, 2].map(|id| BusinessId(Uuid::from_u128(id)));
    // More than there are places, and more than are looked at.
    for number in 0..24 {
        send_for(&nats, &format!("bulk-{number}"), busy).await?;
    }
    for number in 0..6 {
        send_for(&nats, &format!("own-{number}"), busy).await?;
        send_for(&nats, &format!("other-{number}"), other).await?;
    }
    let worker = InTurn { seen: seen.clone(), gate: gate.clone() };
    let running = tokio::spawn(run(worker, nats.bus.clone(), Policy::quick(2), stop.clone()));
    let now = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    eventually("everything but the bulk work is done", || async { Ok(now().done.len() == 12) }).await?;
    let bulk: Vec<String> = now().begun.iter().filter(|id| id.starts_with("bulk")).cloned().collect();
    assert_eq!(bulk, ["bulk-0"], "the others wait for their turn");
    gate.add_permits(1);
    eventually("all are done", || async { Ok(now().done.len() == 36) }).await?;
    settled(&nats).await?;
    stop.cancel();
    running.await?;
    assert!(!now().doubled, "one bulk job of a business at a time");
    Ok(())
}

#[tokio::test]
async fn a_stop_gives_back_what_waits_for_its_turn() -> Result<()> {
    let nats = Nats::start().await?;
    let (seen, gate, stop) =
        (Arc::new(Mutex::new(Seen::default())), Arc::new(Semaphore::new(0)), CancellationToken::new());
    for number in 0..4 {
        send_for(&nats, &format!("bulk-{number}"), BusinessId(Uuid::from_u128(1))).await?;
    }
    let now = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    let start = |stop: &CancellationToken| {
        let worker = InTurn { seen: seen.clone(), gate: gate.clone() };
        tokio::spawn(run(worker, nats.bus.clone(), Policy::quick(2), stop.clone()))
    };
    let first = start(&stop);
    eventually("one is being done", || async { Ok(now().begun.len() == 1) }).await?;
    stop.cancel();
    gate.add_permits(1);
    first.await?;
    assert_eq!(now().done.len(), 1, "only what had begun");
    let again = CancellationToken::new();
    let second = start(&again);
    eventually("the next process does the rest", || async { Ok(now().done.len() == 4) }).await?;
    settled(&nats).await?;
    again.cancel();
    second.await?;
    Ok(())
}

//! Several events in one transaction: what goes together, and what a bad one among them costs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use prosaas_events::{
    CloudEvent, DecodeError,
    call::CallStatusV1,
    subjects::{Stream, consumers},
};
use prosaas_workers::runtime::{Delivery, Done, Failure, Job, Meta, Policy, Worker, run};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    runtime::{dead_letters, send, settled},
    support::{Nats, eventually},
};

/// What was handled, and how.
#[derive(Default)]
struct Seen {
    /// The events of each run over several.
    together: Mutex<Vec<Vec<String>>>,
    /// How often each was handled by itself.
    alone: Mutex<HashMap<String, usize>>,
    /// How often each was applied.
    applied: Mutex<HashMap<String, usize>>,
}

fn count(of: &Mutex<HashMap<String, usize>>, id: &str) {
    *of.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_default() += 1;
}

impl Seen {
    fn applied(&self) -> HashMap<String, usize> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn runs(&self) -> Vec<Vec<String>> {
        self.together.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Applies several at once, as soon as it may.
struct Together {
    seen: Arc<Seen>,
    gate: Arc<Semaphore>,
}

impl Together {
    async fn passes(&self) {
        if let Ok(permit) = self.gate.acquire().await {
            drop(permit);
        }
    }
}

impl Worker for Together {
    type Event = ();

    fn stream(&self) -> &'static str {
        Stream::Calls.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::CALLS
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, ()), DecodeError> {
        Ok((Meta::split(CloudEvent::<CallStatusV1>::decode(bytes)?).0, ()))
    }

    async fn handle(&self, _: &Delivery, meta: &Meta, (): &()) -> Result<Done, Failure> {
        self.passes().await;
        count(&self.seen.alone, &meta.id);
        if meta.id.starts_with("bad") {
            return Err(Failure::fail("bad"));
        }
        count(&self.seen.applied, &meta.id);
        Ok(Done::Applied)
    }

    fn most_at_once(&self) -> usize {
        64
    }

    async fn handle_all(&self, events: &[Job<'_, ()>]) -> Result<Vec<Done>, Failure> {
        self.passes().await;
        let ids: Vec<String> = events.iter().map(|job| job.meta.id.clone()).collect();
        self.seen.together.lock().unwrap_or_else(PoisonError::into_inner).push(ids.clone());
        if ids.iter().any(|id| id.starts_with("bad")) {
            return Err(Failure::retry("one of them is bad"));
        }
        for id in &ids {
            count(&self.seen.applied, id);
        }
        Ok(vec![Done::Applied; events.len()])
    }

    async fn ready(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn one_bad_event_costs_nobody_else_a_try_and_nothing_waits_for_others() -> Result<()> {
    let nats = Nats::start().await?;
    let (seen, gate, stop) =
        (Arc::new(Seen::default()), Arc::new(Semaphore::new(0)), CancellationToken::new());
    let worker = Together { seen: seen.clone(), gate: gate.clone() };
    let running = tokio::spawn(run(worker, nats.bus.clone(), Policy::quick(1), stop.clone()));
    // The first goes at once, by itself; those that come meanwhile go together.
    send(&nats, "good-first").await?;
    for number in 0..40 {
        send(&nats, &if number == 17 { "bad-1".to_owned() } else { format!("good-{number}") }).await?;
    }
    gate.add_permits(1);
    eventually("the good ones are applied", || async { Ok(seen.applied().len() == 40) }).await?;
    settled(&nats).await?;
    stop.cancel();
    running.await?;
    assert!(seen.applied().values().all(|times| *times == 1), "each once");
    let alone = seen.alone.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(alone.len() <= 3, "the first, the bad one, and at most one beside it: {alone:?}");
    assert_eq!(alone.get("bad-1"), Some(&1));
    let runs = seen.runs();
    assert!(runs.iter().any(|run| run.len() > 10), "many go together: {runs:?}");
    let letters = dead_letters(&nats).await?;
    assert_eq!(letters.len(), 1, "only the bad one is dead");
    Ok(())
}

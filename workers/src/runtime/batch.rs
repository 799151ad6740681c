//! Several events in one transaction.
//!
//! Nothing waits for a batch to fill: the first event goes at once, and what comes while every hand is busy goes
//! together. A batch that fails is halved until what fails stands alone, so that one bad event costs its own retry and
//! nobody else's. An event that was delivered before is always alone.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_nats::jetstream::{AckKind, Message, consumer::PullConsumer};
use futures_util::{FutureExt as _, future::join_all};
use metrics::histogram;
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::{
    Delivery, Done, Failure, Job, Meta, Worker,
    deliver::{Next, again, deliver, delivery, keep_alive, settle, words},
    pull::{Pull, Pulled},
    shared::Shared,
};

/// One pull. What it brings is handled by at most as many tasks as there are permits, each with all that has arrived
/// when its turn comes. Returns what went wrong, if anything.
pub(super) async fn pull_once<W: Worker>(
    shared: &Arc<Shared<W>>,
    consumer: &PullConsumer,
    permits: &Arc<Semaphore>,
    tasks: &TaskTracker,
) -> Option<String> {
    let most = shared.worker.most_at_once();
    let mut pull = match Pull::open_for(shared, consumer, most).await {
        Ok(pull) => pull,
        Err(problem) => return Some(problem),
    };
    loop {
        let pulled = tokio::select! {
            biased;
            () = shared.stop.cancelled() => {
                pull.give_back(None).await;
                return None;
            }
            pulled = pull.next() => pulled,
        };
        let first = match pulled {
            Pulled::Message(message) => *message,
            Pulled::Ended => return None,
            Pulled::Lost(problem) => return Some(problem),
        };
        let permit = tokio::select! {
            () = shared.stop.cancelled() => None,
            permit = permits.clone().acquire_owned() => permit.ok(),
        };
        let Some(permit) = permit else {
            pull.give_back(Some(first)).await;
            return None;
        };
        let mut messages = vec![first];
        while let Some(message) = pull.arrived() {
            messages.push(message);
        }
        let work = deliver_all(shared.clone(), messages);
        tasks.spawn(async move {
            let _permit = permit;
            work.await;
        });
    }
}

/// A message that can be handled beside others.
struct Read<T> {
    message: Message,
    delivery: Delivery,
    meta: Meta,
    event: T,
}

/// Handles the messages to their ends.
async fn deliver_all<W: Worker>(shared: Arc<Shared<W>>, messages: Vec<Message>) {
    let kept = messages.clone();
    let alive = join_all(kept.iter().map(|message| keep_alive(message, shared.ack_wait)));
    tokio::select! {
        () = handle_all(&shared, messages) => {}
        _ = alive => {}
        () = shared.kill.cancelled() => {
            // What is settled already is not touched by this.
            for message in &kept {
                let _ = message.ack_with(AckKind::Nak(None)).await;
            }
        }
    }
}

async fn handle_all<W: Worker>(shared: &Arc<Shared<W>>, messages: Vec<Message>) {
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    for message in messages {
        match read(shared, &message) {
            Some((delivery, meta, event)) => together.push(Read { message, delivery, meta, event }),
            None => alone.push(message),
        }
    }
    let mut parts = vec![together];
    while let Some(mut part) = parts.pop() {
        if part.len() < 2 {
            alone.extend(part.into_iter().map(|read| read.message));
            continue;
        }
        match once(shared, &part).await {
            Ok(done) => {
                let each = part.iter().zip(done);
                join_all(
                    each.map(|(read, done)| settle(shared, &read.message, &read.delivery, Next::Ack(done))),
                )
                .await;
            }
            // Each waits by itself for what is away.
            Err(Failure::Down(_)) => alone.extend(part.into_iter().map(|read| read.message)),
            Err(failure) => {
                tracing::debug!(event = "worker.batch_split", events = part.len(), cause = %failure);
                let rest = part.split_off(part.len() / 2);
                parts.push(rest);
                parts.push(part);
            }
        }
    }
    for message in alone {
        deliver(shared.clone(), message).await;
    }
}

/// The message as its worker reads it, where it is delivered for the first time and can be read.
fn read<W: Worker>(shared: &Shared<W>, message: &Message) -> Option<(Delivery, Meta, W::Event)> {
    let delivery = delivery(message, shared).filter(|delivery| delivery.attempt == 1)?;
    let (mut meta, event) = shared.worker.decode(&message.payload).ok()?;
    meta.again = again(message);
    Some((delivery, meta, event))
}

/// One run of the handler over all of them: a panic and a hang are failures like others.
async fn once<W: Worker>(shared: &Shared<W>, part: &[Read<W::Event>]) -> Result<Vec<Done>, Failure> {
    let consumer = shared.worker.consumer();
    let span = tracing::info_span!("worker.handle_all", consumer, events = part.len());
    let jobs: Vec<_> =
        part.iter().map(|Read { delivery, meta, event, .. }| Job { delivery, meta, event }).collect();
    let (limit, started) = (shared.policy.timeout, Instant::now());
    let handled = AssertUnwindSafe(shared.worker.handle_all(&jobs).instrument(span)).catch_unwind();
    let outcome = match tokio::time::timeout(limit, handled).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Failure::retry(format!("the handler panicked: {}", words(panic.as_ref())))),
        Err(_) => Err(Failure::retry(format!("the handler did not end within {limit:?}"))),
    };
    histogram!("prosaas_worker_handle_seconds", "consumer" => consumer)
        .record(started.elapsed().as_secs_f64());
    outcome
}

//! Several events in one transaction.
//!
//! Nothing waits for a batch to fill: the first event goes at once, and what comes while every place is taken goes
//! together. A batch that fails is halved until what fails stands alone, so that one bad event costs its own retry and
//! nobody else's. An event that was delivered before, or that its worker says so of, is always alone.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_nats::jetstream::{AckKind, Message};
use futures_util::{FutureExt as _, future::join_all};
use metrics::histogram;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    Delivery, Done, Failure, Job, Meta, Worker,
    deliver::{Next, again, deliver, delivery, keep_alive, settle, span_of, words},
    shared::Shared,
};

/// A message that can be handled beside others.
pub(super) struct Read<T> {
    pub message: Message,
    delivery: Delivery,
    meta: Meta,
    event: T,
}

/// The message as its worker reads it, where it is delivered for the first time, can be read and goes with others.
pub(super) fn read<W: Worker>(shared: &Shared<W>, message: Message) -> Result<Read<W::Event>, Box<Message>> {
    let together = shared.worker.most_at_once() > 1;
    let delivery = delivery(&message, shared).filter(|delivery| together && delivery.attempt == 1);
    let Some(delivery) = delivery else { return Err(Box::new(message)) };
    match shared.worker.decode(&message.payload) {
        Ok((mut meta, event)) if shared.worker.goes_with_others(&event) => {
            meta.again = again(&message);
            Ok(Read { message, delivery, meta, event })
        }
        _ => Err(Box::new(message)),
    }
}

/// Handles the messages to their ends.
pub(super) async fn deliver_all<W: Worker>(shared: Arc<Shared<W>>, together: Vec<Read<W::Event>>) {
    let kept: Vec<Message> = together.iter().map(|read| read.message.clone()).collect();
    let alive = join_all(kept.iter().map(|message| keep_alive(message, shared.ack_wait)));
    tokio::select! {
        () = handle_all(&shared, together) => {}
        _ = alive => {}
        () = shared.kill.cancelled() => {
            // What is settled already is not touched by this.
            for message in &kept {
                let _ = message.ack_with(AckKind::Nak(None)).await;
            }
        }
    }
}

async fn handle_all<W: Worker>(shared: &Arc<Shared<W>>, together: Vec<Read<W::Event>>) {
    let (mut parts, mut alone) = (vec![together], Vec::new());
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

/// One run of the handler over all of them: a panic and a hang are failures like others.
async fn once<W: Worker>(shared: &Shared<W>, part: &[Read<W::Event>]) -> Result<Vec<Done>, Failure> {
    let consumer = shared.worker.consumer();
    let span = tracing::info_span!("worker.handle_all", consumer, events = part.len());
    // Each event's own trace has its part in it, which the batch's names.
    let each: Vec<_> = part.iter().map(|read| span_of(consumer, &read.delivery, &read.meta)).collect();
    for event in &each {
        span.follows_from(event);
    }
    let jobs: Vec<_> =
        part.iter().map(|Read { delivery, meta, event, .. }| Job { delivery, meta, event }).collect();
    let (limit, started) = (shared.policy.timeout, Instant::now());
    let handled = AssertUnwindSafe(shared.worker.handle_all(&jobs).instrument(span)).catch_unwind();
    let outcome = match tokio::time::timeout(limit, handled).await {
        Ok(Ok(Ok(done))) if done.len() != part.len() => {
            Err(Failure::retry(format!("{} answers of {} events", done.len(), part.len())))
        }
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Failure::retry(format!("the handler panicked: {}", words(panic.as_ref())))),
        Err(_) => Err(Failure::retry(format!("the handler did not end within {limit:?}"))),
    };
    drop(each);
    histogram!("prosaas_worker_handle_seconds", "consumer" => consumer)
        .record(started.elapsed().as_secs_f64());
    outcome
}

//! The loop that pulls, and its stop.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::consumer::PullConsumer;
use metrics::{counter, gauge};
use prosaas_events::dead_letter::DeadReason;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Bus, Cause, Policy, Worker, able::Able, attempts::Failures, deliver::OUTCOMES, lag, outage::Outage,
    places::Places, shared::Shared,
};

/// Pause after the server could not be asked.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a stop waits for the last acks.
const SETTLE_WAIT: Duration = Duration::from_millis(1500);

/// `ack_wait` where the server does not say.
const DEFAULT_ACK_WAIT: Duration = Duration::from_secs(30);

/// Runs a worker until `stop`; returns when everything is settled, at most
/// `policy.drain` and two seconds later.
pub async fn run<W: Worker>(worker: W, bus: Bus, policy: Policy, stop: CancellationToken) {
    let name = worker.consumer();
    let Some(consumer) = first_consumer(&worker, &bus, &stop).await else { return };
    let ack_wait = consumer.cached_info().config.ack_wait;
    let able = Able::since(bus.clock.now());
    let shared = Arc::new(Shared {
        worker,
        bus,
        policy,
        ack_wait: if ack_wait.is_zero() { DEFAULT_ACK_WAIT } else { ack_wait },
        outage: Outage::default(),
        able,
        failures: Failures::default(),
        stop: stop.clone(),
        kill: CancellationToken::new(),
    });
    counters_exist(name);
    let tasks = TaskTracker::new();
    tracing::info!(event = "worker.started", consumer = name, "a worker runs");
    tokio::select! {
        () = pull_until_stopped(&shared, consumer.clone(), &tasks) => {}
        () = lag::measure(&shared, consumer) => {}
    }
    drain(&shared, &tasks).await;
    tracing::info!(event = "worker.stopped", consumer = name, "a worker has stopped");
}

/// An alert on the first retry or dead letter needs the zero before it.
fn counters_exist(consumer: &'static str) {
    counter!("prosaas_worker_retries_total", "consumer" => consumer).increment(0);
    for reason in DeadReason::OF_WORKERS {
        counter!("prosaas_dead_letters_total", "consumer" => consumer, "reason" => reason.as_str())
            .increment(0);
    }
    for outcome in OUTCOMES {
        counter!("prosaas_worker_events_total", "consumer" => consumer, "outcome" => outcome).increment(0);
    }
    gauge!("prosaas_worker_outage", "consumer" => consumer).set(0.0);
}

async fn first_consumer<W: Worker>(worker: &W, bus: &Bus, stop: &CancellationToken) -> Option<PullConsumer> {
    loop {
        match find(worker, bus).await {
            Ok(consumer) => return Some(consumer),
            Err(error) => lost(worker.consumer(), &error.to_string()),
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn find<W: Worker>(worker: &W, bus: &Bus) -> Result<PullConsumer, Cause> {
    let found = bus.jetstream.get_consumer_from_stream(worker.consumer(), worker.stream()).await?;
    Ok(found)
}

fn lost(consumer: &'static str, cause: &str) {
    tracing::warn!(event = "worker.pull_lost", consumer, cause, "pulling starts again");
}

async fn pull_until_stopped<W: Worker>(
    shared: &Arc<Shared<W>>,
    mut consumer: PullConsumer,
    tasks: &TaskTracker,
) {
    let mut places = Places::new(shared.clone(), tasks.clone());
    loop {
        let problem = places.pull_once(&consumer).await;
        if shared.stop.is_cancelled() {
            break;
        }
        let Some(problem) = problem else { continue };
        lost(shared.worker.consumer(), &problem);
        let search = first_consumer(&shared.worker, &shared.bus, &shared.stop);
        let Some(Some(found)) = places.meanwhile(search).await else { break };
        shared.able.again(shared.bus.clock.now());
        consumer = found;
    }
    places.give_back().await;
}

/// Lets what runs finish, breaks off what does not, and waits for the last acks.
async fn drain<W: Worker>(shared: &Shared<W>, tasks: &TaskTracker) {
    tasks.close();
    if tokio::time::timeout(shared.policy.drain, tasks.wait()).await.is_err() {
        tracing::warn!(
            event = "worker.broken_off",
            consumer = shared.worker.consumer(),
            running = tasks.len(),
            "handlers did not end in time; their events go back"
        );
        shared.kill.cancel();
        let _ = tokio::time::timeout(SETTLE_WAIT, tasks.wait()).await;
    }
    let _ = tokio::time::timeout(SETTLE_WAIT, shared.bus.client.flush()).await;
}

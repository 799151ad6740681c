//! One delivery, from the message to its ack.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_nats::jetstream::{AckKind, Message};
use chrono::DateTime;
use futures_util::FutureExt as _;
use metrics::{counter, histogram};
use prosaas_dead_letters::identity;
use prosaas_events::dead_letter::{AttemptV1, DeadReason};
use prosaas_platform::telemetry;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    Delivery, Done, Failure, Meta, Worker, dead,
    failure::{MISSING_PAUSE, chain},
    policy::{apart, spread},
    shared::Shared,
};

/// How often a handler is run again at once after another transaction was in the way.
const CONFLICT_RERUNS: u32 = 5;

/// How long a failed dead letter waits for its next try.
const DEAD_RETRY: Duration = Duration::from_secs(5);

/// What may become of a delivery, as it is counted.
pub(super) const OUTCOMES: [&str; 5] = ["applied", "already_applied", "retried", "returned", "dead"];

/// What becomes of a message.
pub(super) enum Next {
    Ack(Done),
    /// Back to the stream, delivered again after the delay.
    Back(Duration, &'static str),
    Dead(dead::Verdict),
}

/// Handles a message to its end.
pub(super) async fn deliver<W: Worker>(shared: Arc<Shared<W>>, message: Message) {
    let Some(delivery) = delivery(&message, &shared) else {
        tracing::error!(event = "worker.no_delivery", "a message without JetStream's reply subject");
        return;
    };
    let work = decide(&shared, &message, &delivery);
    let next = tokio::select! {
        next = work => next,
        () = keep_alive(&message, shared.ack_wait) => Next::Back(Duration::ZERO, "returned"),
        () = shared.kill.cancelled() => Next::Back(Duration::ZERO, "returned"),
    };
    settle(&shared, &message, &delivery, next).await;
}

pub(super) fn delivery<W>(message: &Message, shared: &Shared<W>) -> Option<Delivery> {
    let info = message.info().ok()?;
    let attempt = u64::try_from(info.delivered).unwrap_or(1).max(1);
    let stored = DateTime::from_timestamp(info.published.unix_timestamp(), 0).unwrap_or_default();
    Some(Delivery {
        stream: info.stream.to_owned(),
        sequence: info.stream_sequence,
        subject: message.subject.to_string(),
        attempt,
        last: attempt >= shared.policy.max_attempts,
        waited: shared.able.waited(stored, shared.bus.clock.now()),
    })
}

/// Tells the server, for ever, that the message is being worked on.
pub(super) async fn keep_alive(message: &Message, ack_wait: Duration) {
    let period = ack_wait / 3;
    let mut tick = tokio::time::interval_at(Instant::now() + period, period);
    loop {
        tick.tick().await;
        let _ = message.ack_with(AckKind::Progress).await;
    }
}

async fn decide<W: Worker>(shared: &Shared<W>, message: &Message, delivery: &Delivery) -> Next {
    let (mut meta, event) = match shared.worker.decode(&message.payload) {
        Ok(decoded) => decoded,
        Err(error) => {
            return Next::Dead(dead::Verdict {
                reason: DeadReason::Undecodable,
                error_chain: chain(&error),
                trace: None,
            });
        }
    };
    meta.again = again(message);
    let trace = trace_of(&meta);
    if delivery.attempt > shared.policy.max_attempts {
        let deliveries = delivery.attempt - 1;
        return Next::Dead(dead::Verdict {
            reason: DeadReason::Exhausted,
            error_chain: vec![format!("{deliveries} deliveries ended without a verdict: a crash or a hang")],
            trace,
        });
    }
    let span = span_of(shared.worker.consumer(), delivery, &meta);
    let started = Instant::now();
    let outcome = attempts(shared, delivery, &meta, &event).instrument(span).await;
    histogram!("prosaas_worker_handle_seconds", "consumer" => shared.worker.consumer())
        .record(started.elapsed().as_secs_f64());
    match outcome {
        Ok(done) => Next::Ack(done),
        Err(failure) => after(shared, delivery, &meta, &failure, trace).await,
    }
}

fn trace_of(meta: &Meta) -> Option<telemetry::TraceParent> {
    meta.traceparent.as_deref().and_then(telemetry::TraceParent::parse)
}

/// The span of an event that is being handled, in the trace of whoever raised it.
pub(super) fn span_of(consumer: &str, delivery: &Delivery, meta: &Meta) -> tracing::Span {
    let trace = trace_of(meta);
    let span = tracing::info_span!(
        "worker.handle",
        consumer,
        event_type = meta.event_type,
        event_id = meta.id,
        stream_sequence = delivery.sequence,
        attempt = delivery.attempt,
        trace_id = trace.map(|t| t.trace_id()),
    );
    if let Some(trace) = &trace {
        telemetry::set_parent(&span, trace);
    }
    span
}

/// The number of the replay that runs a succeeded event again.
pub(super) fn again(message: &Message) -> Option<i64> {
    message.headers.as_ref()?.get(identity::REPLAY_AGAIN)?.as_str().parse().ok()
}

/// Runs the handler, again in place while a dependency is away.
async fn attempts<W: Worker>(
    shared: &Shared<W>,
    delivery: &Delivery,
    meta: &Meta,
    event: &W::Event,
) -> Result<Done, Failure> {
    let (mut outages, mut conflicts, mut taken) = (0_u32, 0_u32, false);
    loop {
        let failure = match once(shared, delivery, meta, event).await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        match failure {
            Failure::Down(_) if !shared.stop.is_cancelled() => {
                outages += 1;
                tracing::warn!(
                    event = "worker.waits",
                    cause = chain(&failure).join(": "),
                    outages,
                    "the event waits for a dependency"
                );
                // Grows even when the dependency answers: it may be full or read-only.
                let pause = Duration::from_millis(100 << outages.min(8));
                let back = async {
                    tokio::time::sleep(spread(pause, delivery.sequence)).await;
                    shared.pass_outage().await;
                };
                tokio::select! {
                    () = back => {}
                    () = shared.stop.cancelled() => return Err(failure),
                }
            }
            Failure::Conflict(_) if conflicts < CONFLICT_RERUNS => {
                conflicts += 1;
                let pause = Duration::from_millis(10 << conflicts);
                tokio::time::sleep(spread(pause, delivery.sequence)).await;
            }
            Failure::Taken(_) if !taken => taken = true,
            other => return Err(other),
        }
    }
}

/// One run of the handler: a panic and a hang are failures like others.
async fn once<W: Worker>(
    shared: &Shared<W>,
    delivery: &Delivery,
    meta: &Meta,
    event: &W::Event,
) -> Result<Done, Failure> {
    let limit = shared.policy.timeout;
    let handled = AssertUnwindSafe(shared.worker.handle(delivery, meta, event)).catch_unwind();
    match tokio::time::timeout(limit, handled).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Failure::retry(format!("the handler panicked: {}", words(panic.as_ref())))),
        Err(_) => Err(Failure::retry(format!("the handler did not end within {limit:?}"))),
    }
}

pub(super) fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

async fn after<W: Worker>(
    shared: &Shared<W>,
    delivery: &Delivery,
    meta: &Meta,
    failure: &Failure,
    trace: Option<telemetry::TraceParent>,
) -> Next {
    let scheduled = shared.policy.delay(delivery.attempt, delivery.sequence);
    let alone = match failure {
        // Only a stop gets here: the next process takes the event.
        Failure::Down(_) => return Next::Back(Duration::ZERO, "returned"),
        Failure::Missing(_) => spread(MISSING_PAUSE, delivery.sequence),
        Failure::Retry { after: Some(delay), .. } => spread(*delay, delivery.sequence),
        _ => scheduled,
    };
    let delay = alone + apart(shared.failures.events(), delivery.sequence ^ delivery.attempt);
    let reason = failure.ends(delivery);
    let causes = chain(failure);
    // The outermost words only say what happens next, which the reason says already.
    let error_chain = causes.get(1..).filter(|rest| !rest.is_empty()).unwrap_or(&causes).to_vec();
    tracing::warn!(
        event = "worker.failed",
        consumer = shared.worker.consumer(),
        stream = delivery.stream,
        stream_sequence = delivery.sequence,
        attempt = delivery.attempt,
        cause = error_chain.join(": "),
        retry_in_ms = u64::try_from(delay.as_millis()).ok().filter(|_| reason.is_none()),
        "an event was not applied"
    );
    if let Some(reason) = reason {
        return Next::Dead(dead::Verdict { reason, error_chain, trace });
    }
    let now = shared.bus.clock.now();
    let event = (shared.worker.consumer(), delivery, meta);
    shared.bus.retries.add(event, &error_chain, (now, now + delay)).await;
    shared.failures.add(
        delivery.sequence,
        AttemptV1 {
            attempt: delivery.attempt,
            at: now,
            worker: shared.bus.process.to_string(),
            error: error_chain.last().cloned().unwrap_or_default(),
        },
    );
    Next::Back(delay, "retried")
}

pub(super) async fn settle<W: Worker>(
    shared: &Shared<W>,
    message: &Message,
    delivery: &Delivery,
    next: Next,
) {
    let consumer = shared.worker.consumer();
    let (outcome, sent) = match next {
        Next::Ack(done) => {
            shared.bus.committed.notify_one();
            shared.failures.take(delivery.sequence);
            let outcome = if done == Done::Applied { "applied" } else { "already_applied" };
            let acked = message.double_ack().await;
            shared.bus.retries.end(consumer, delivery).await;
            (outcome, acked)
        }
        Next::Back(delay, outcome) => {
            if outcome == "retried" {
                counter!("prosaas_worker_retries_total", "consumer" => consumer).increment(1);
            }
            (outcome, message.ack_with(AckKind::Nak(Some(delay))).await)
        }
        Next::Dead(verdict) => bury(shared, message, delivery, verdict).await,
    };
    counter!("prosaas_worker_events_total", "consumer" => consumer, "outcome" => outcome).increment(1);
    if let Err(error) = sent {
        // The event comes again after ack_wait and is then recognised.
        tracing::warn!(
            event = "worker.ack_failed", consumer, outcome,
            stream_sequence = delivery.sequence, %error,
            "the server did not confirm an ack"
        );
    }
}

async fn bury<W: Worker>(
    shared: &Shared<W>,
    message: &Message,
    delivery: &Delivery,
    verdict: dead::Verdict,
) -> (&'static str, Result<(), async_nats::Error>) {
    let consumer = shared.worker.consumer();
    let reason = verdict.reason.as_str();
    let now = shared.bus.clock.now();
    let earlier = shared.failures.take(delivery.sequence);
    let reporter = dead::Reporter { consumer, process: &shared.bus.process, earlier };
    let letter = dead::dead_letter(message, delivery, reporter, verdict, now);
    if let Err(error) = dead::publish(&shared.bus.jetstream, &letter).await {
        tracing::error!(
            event = "worker.dead_letter_failed", consumer, dead_letter = letter.id, %error,
            "a dead letter could not be stored; the event comes again"
        );
        return ("returned", message.ack_with(AckKind::Nak(Some(DEAD_RETRY))).await);
    }
    counter!("prosaas_dead_letters_total", "consumer" => consumer, "reason" => reason).increment(1);
    tracing::error!(
        event = "worker.dead_letter",
        consumer,
        dead_letter = letter.id,
        reason,
        trace_id = letter.trace_id,
        "an event is now a dead letter"
    );
    let ended = message.double_ack_with(AckKind::Term).await;
    shared.bus.retries.end(consumer, delivery).await;
    ("dead", ended)
}

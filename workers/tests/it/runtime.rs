//! The layers around a handler, on a real nats-server.

use std::{
    collections::HashMap,
    future::IntoFuture,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use async_nats::{
    HeaderMap,
    jetstream::{
        AckKind,
        consumer::{FromConsumer as _, PullConsumer, pull},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::StreamExt as _;
use prosaas_domain::ids::BusinessId;
use prosaas_events::{
    CloudEvent, DecodeError,
    call::{CallStatus, CallStatusV1},
    dead_letter::{DeadLetterV1, DeadReason},
    subjects::{Stream, consumers},
};
use prosaas_tests::eventually::SOON;
use prosaas_workers::runtime::{Delivery, Done, Failure, Meta, Policy, Worker, run};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::support::{Nats, eventually};

/// What the scripted worker saw: per event, each attempt's number and time.
#[derive(Default)]
struct Seen {
    attempts: Mutex<HashMap<String, Vec<(u64, Instant)>>>,
    done: AtomicUsize,
    running: AtomicUsize,
    asked: AtomicUsize,
    most_running: AtomicUsize,
    up: AtomicBool,
}

impl Seen {
    /// Of how many events of this kind there was an attempt.
    fn tried(&self, kind: &str) -> usize {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.keys().filter(|id| id.starts_with(kind)).count()
    }

    fn of(&self, id: &str) -> Vec<(u64, Instant)> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.get(id).cloned().unwrap_or_default()
    }
}

/// Does what the event's id says.
struct Scripted(Arc<Seen>);

impl Worker for Scripted {
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

    async fn handle(&self, delivery: &Delivery, meta: &Meta, (): &()) -> Result<Done, Failure> {
        let seen = &self.0;
        {
            let mut attempts = seen.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            attempts.entry(meta.id.clone()).or_default().push((delivery.attempt, Instant::now()));
        }
        let running = seen.running.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most_running.fetch_max(running, Ordering::SeqCst);
        let outcome = match meta.id.split('-').next().unwrap_or_default() {
            "twice" if delivery.attempt < 3 => Err(Failure::retry("not yet")),
            "never" => Err(Failure::retry("not yet")),
            "refused" => Err(Failure::Refused("violates a check".into())),
            "taken" => Err(Failure::Taken("a duplicate key".into())),
            "fail" => Err(Failure::fail(std::io::Error::other("no such thing"))),
            "panic" => scripted_panic(),
            "down" if !seen.up.load(Ordering::SeqCst) => Err(Failure::Down("postgres is away".into())),
            "hang" => std::future::pending().await,
            "slow" => {
                tokio::time::sleep(Duration::from_millis(300)).await;
                Ok(Done::Applied)
            }
            _ => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(Done::Applied)
            }
        };
        seen.running.fetch_sub(1, Ordering::SeqCst);
        seen.done.fetch_add(usize::from(outcome.is_ok()), Ordering::SeqCst);
        outcome
    }

    async fn ready(&self) -> bool {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        self.0.up.load(Ordering::SeqCst)
    }
}

#[expect(clippy::panic, reason = "a handler that panics is what is tested")]
fn scripted_panic() -> ! {
    panic!("scripted")
}

fn policy() -> Policy {
    const SCHEDULE: &[Duration] = &[Duration::from_millis(150), Duration::from_millis(300)];
    Policy { max_attempts: 3, schedule: SCHEDULE, timeout: SOON, drain: SOON, ..Policy::quick(8) }
}

struct Running {
    seen: Arc<Seen>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(nats: &Nats, policy: Policy) -> Self {
        let seen = Arc::new(Seen { up: AtomicBool::new(true), ..Seen::default() });
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(Scripted(seen.clone()), nats.bus.clone(), policy, stop.clone()));
        Self { seen, stop, task }
    }

    async fn stop(self) -> Result<Arc<Seen>> {
        self.stop.cancel();
        self.task.await?;
        Ok(self.seen)
    }
}

fn event(id: &str, business: Option<BusinessId>) -> Result<Vec<u8>> {
    let data = CallStatusV1 {
        call_sid: "CA1".parse()?,
        account_sid: None,
        status: CallStatus::Ringing,
        sequence_number: None,
        from: None,
        to: None,
        direction: None,
        duration_s: None,
        sip_response_code: None,
        occurred_at: None,
        parent_call_sid: None,
    };
    let time = "2026-01-01T00:00:00Z".parse()?;
    let mut event = CloudEvent::new(id.parse()?, "/twilio/AC1".to_owned(), "CA1".to_owned(), time, data);
    event.traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    event.businessid = business;
    Ok(event.encode()?)
}

async fn publish(nats: &Nats, subject: &str, payload: Vec<u8>) -> Result<u64> {
    let mut headers = HeaderMap::new();
    headers.insert("X-Note", "kept");
    let ack = nats.ops.publish_with_headers(subject.to_owned(), headers, payload.into()).await?.await?;
    Ok(ack.sequence)
}

pub async fn send(nats: &Nats, id: &str) -> Result<u64> {
    publish(nats, "call.status.CA1", event(id, None)?).await
}

/// The same, of a business.
pub async fn send_for(nats: &Nats, id: &str, business: BusinessId) -> Result<u64> {
    publish(nats, "call.status.CA1", event(id, Some(business))?).await
}

async fn consumer(nats: &Nats) -> Result<PullConsumer> {
    Ok(nats.ops.get_consumer_from_stream(consumers::CALLS, Stream::Calls.name()).await?)
}

/// From now on the server does not take back by itself what somebody has.
async fn redelivered_only_when_given_back(nats: &Nats) -> Result<()> {
    let stream = nats.ops.get_stream(Stream::Calls.name()).await?;
    let mut config = stream.consumer_info(consumers::CALLS).await?.config;
    config.ack_wait = Duration::from_hours(1);
    let config = pull::Config::try_from_consumer_config(config).map_err(anyhow::Error::from_boxed)?;
    stream.update_consumer(config).await?;
    Ok(())
}

/// Nothing waits, nothing is out.
pub async fn settled(nats: &Nats) -> Result<()> {
    eventually("every event is settled", || async {
        let info = consumer(nats).await?.get_info().await?;
        Ok(info.num_pending == 0 && info.num_ack_pending == 0)
    })
    .await
}

pub async fn dead_letters(nats: &Nats) -> Result<Vec<(String, DeadLetterV1)>> {
    let stream = nats.ops.get_stream(Stream::Dead.name()).await?;
    let mut letters = Vec::new();
    for sequence in 1..=stream.get_info().await?.state.last_sequence {
        let message = stream.get_raw_message(sequence).await?;
        letters.push((message.subject.to_string(), serde_json::from_slice(&message.payload)?));
    }
    Ok(letters)
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_with_growing_delays() -> Result<()> {
    let nats = Nats::start().await?;
    let running = Running::start(&nats, policy());
    send(&nats, "twice-1").await?;
    eventually("done", || async { Ok(running.seen.done.load(Ordering::SeqCst) == 1) }).await?;
    settled(&nats).await?;
    let attempts = running.stop().await?.of("twice-1");
    let numbers: Vec<u64> = attempts.iter().map(|(n, _)| *n).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let gaps: Vec<Duration> = attempts.windows(2).map(|w| w[1].1 - w[0].1).collect();
    assert!(gaps[0] >= Duration::from_millis(150) && gaps[1] >= Duration::from_millis(300), "{gaps:?}");
    assert!(dead_letters(&nats).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_cannot_succeed_becomes_a_dead_letter_with_its_bytes() -> Result<()> {
    let nats = Nats::start().await?;
    // Only the one that hangs ever waits for anything.
    let running = Running::start(&nats, Policy { timeout: Duration::from_millis(600), ..policy() });
    let garbage = vec![0xff, 0x00, b'{'];
    let undecodable = publish(&nats, "call.status.CA2", garbage.clone()).await?;
    let permanent = send(&nats, "fail-1").await?;
    let exhausted = send(&nats, "never-1").await?;
    let panicked = publish(&nats, "replay.calls.call.status.CA1", event("panic-1", None)?).await?;
    let hung = send(&nats, "hang-1").await?;
    settled(&nats).await?;
    let seen = running.stop().await?;
    assert_eq!((seen.of("fail-1").len(), seen.of("never-1").len(), seen.of("panic-1").len()), (1, 3, 3));
    let letters = dead_letters(&nats).await?;
    assert_eq!(letters.len(), 5);
    let find = |sequence: u64| {
        letters.iter().find(|(_, l)| l.stream_sequence == Some(sequence)).context("no such dead letter")
    };
    let (subject, letter) = find(undecodable)?;
    assert_eq!((subject.as_str(), letter.reason), ("dead.call.status.CA2", DeadReason::Undecodable));
    assert_eq!((STANDARD.decode(&letter.payload_base64)?, letter.payload_bytes), (garbage, 3));
    let (_, letter) = find(permanent)?;
    assert_eq!(letter.id, format!("CALLS:{permanent}:calls"));
    assert_eq!(
        (letter.reason, letter.attempts, letter.consumer.as_str()),
        (DeadReason::Permanent, 1, "calls")
    );
    assert_eq!(STANDARD.decode(&letter.payload_base64)?, event("fail-1", None)?);
    assert_eq!(letter.error_chain, ["no such thing"]);
    assert_eq!(letter.headers, [("X-Note".to_owned(), "kept".to_owned())]);
    assert_eq!(letter.trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    let (_, letter) = find(exhausted)?;
    assert_eq!((letter.reason, letter.attempts), (DeadReason::Exhausted, 3));
    let (subject, letter) = find(panicked)?;
    assert_eq!((subject.as_str(), letter.subject.as_str()), ("dead.call.status.CA1", "call.status.CA1"));
    assert!(letter.error_chain[0].contains("scripted"), "{:?}", letter.error_chain);
    let (_, letter) = find(hung)?;
    assert!(letter.error_chain[0].contains("did not end within"), "{:?}", letter.error_chain);
    Ok(())
}

#[tokio::test]
async fn what_the_database_refuses_is_a_dead_letter_after_three_tries() -> Result<()> {
    let nats = Nats::start().await?;
    let running = Running::start(&nats, Policy { max_attempts: 12, ..policy() });
    send(&nats, "refused-1").await?;
    send(&nats, "taken-1").await?;
    settled(&nats).await?;
    let seen = running.stop().await?;
    let attempts = |id: &str| seen.of(id).into_iter().map(|(attempt, _)| attempt).collect::<Vec<_>>();
    assert_eq!(attempts("refused-1"), [1, 2, 3]);
    assert_eq!(attempts("taken-1"), [1, 1, 2, 2, 3, 3], "what is there is looked at again at once, once");
    let letters = dead_letters(&nats).await?;
    let ends: Vec<_> = letters.iter().map(|(_, letter)| (letter.reason, letter.attempts)).collect();
    assert_eq!(ends, [(DeadReason::Permanent, 3), (DeadReason::Permanent, 3)]);
    Ok(())
}

#[tokio::test]
async fn an_event_that_kills_its_worker_again_and_again_becomes_a_dead_letter_unread() -> Result<()> {
    let nats = Nats::start().await?;
    let sequence = send(&nats, "ok-1").await?;
    let mut crashes = consumer(&nats).await?.stream().messages().await?;
    // The last comes back when nobody of here pulls any more, who would keep it for `ack_wait`.
    for delay in [None, None, Some(Duration::from_secs(1))] {
        let message = crashes.next().await.context("a delivery")??;
        message.ack_with(AckKind::Nak(delay)).await.map_err(anyhow::Error::from_boxed)?;
    }
    drop(crashes);
    let running = Running::start(&nats, policy());
    eventually("a dead letter", || async { Ok(dead_letters(&nats).await?.len() == 1) }).await?;
    settled(&nats).await?;
    assert!(running.stop().await?.of("ok-1").is_empty(), "it was not tried again");
    let letters = dead_letters(&nats).await?;
    let (_, letter) = letters.first().context("a dead letter")?;
    assert_eq!((letter.stream_sequence, letter.reason), (Some(sequence), DeadReason::Exhausted));
    Ok(())
}

#[tokio::test]
async fn an_outage_is_waited_out_in_place_and_does_not_count() -> Result<()> {
    let nats = Nats::start().await?;
    let running = Running::start(&nats, policy());
    eventually("it runs", || async { Ok(consumer(&nats).await?.get_info().await?.num_waiting > 0) }).await?;
    running.seen.up.store(false, Ordering::SeqCst);
    for n in 0..20 {
        send(&nats, &format!("down-{n}")).await?;
    }
    // Every place is taken, and whoever waits there has asked in vain time and again.
    eventually("all places wait", || async { Ok(running.seen.tried("down") == 8) }).await?;
    let asked = running.seen.asked.load(Ordering::SeqCst);
    eventually("they ask", || async { Ok(running.seen.asked.load(Ordering::SeqCst) > asked + 2) }).await?;
    let info = consumer(&nats).await?.get_info().await?;
    assert!(info.num_ack_pending <= 8, "no more is pulled than there are places: {}", info.num_ack_pending);
    assert_eq!(info.num_redelivered, 0, "nothing was given back");
    running.seen.up.store(true, Ordering::SeqCst);
    eventually("all are done", || async { Ok(running.seen.done.load(Ordering::SeqCst) == 20) }).await?;
    settled(&nats).await?;
    let seen = running.stop().await?;
    for n in 0..20 {
        assert!(seen.of(&format!("down-{n}")).iter().all(|(attempt, _)| *attempt == 1), "{n}");
    }
    assert!(dead_letters(&nats).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn no_more_run_at_once_than_allowed_and_all_are_handled_once() -> Result<()> {
    let nats = Nats::start().await?;
    let running = Running::start(&nats, policy());
    for n in 0..200 {
        send(&nats, &format!("ok-{n}")).await?;
    }
    eventually("all are done", || async { Ok(running.seen.done.load(Ordering::SeqCst) >= 200) }).await?;
    settled(&nats).await?;
    let seen = running.stop().await?;
    assert_eq!(seen.done.load(Ordering::SeqCst), 200);
    assert!(seen.most_running.load(Ordering::SeqCst) <= 8);
    Ok(())
}

#[tokio::test]
async fn a_stop_finishes_what_runs_and_gives_back_the_rest_at_once() -> Result<()> {
    let nats = Nats::start().await?;
    redelivered_only_when_given_back(&nats).await?;
    for n in 0..6 {
        send(&nats, &format!("slow-{n}")).await?;
    }
    let first = Running::start(&nats, Policy { concurrency: 2, ..policy() });
    eventually("two run", || async { Ok(first.seen.running.load(Ordering::SeqCst) == 2) }).await?;
    let first = first.stop().await?;
    assert_eq!(first.done.load(Ordering::SeqCst), 2, "what ran was finished");
    let second = Running::start(&nats, policy());
    eventually("the rest is done", || async { Ok(second.seen.done.load(Ordering::SeqCst) == 4) }).await?;
    settled(&nats).await?;
    assert_eq!(second.stop().await?.done.load(Ordering::SeqCst), 4);
    Ok(())
}

#[tokio::test]
async fn a_handler_that_does_not_end_is_broken_off_and_its_event_goes_back() -> Result<()> {
    let nats = Nats::start().await?;
    redelivered_only_when_given_back(&nats).await?;
    send(&nats, "hang-1").await?;
    let patient = Policy { timeout: Duration::MAX, drain: Duration::from_millis(200), ..policy() };
    let first = Running::start(&nats, patient.clone());
    eventually("it hangs", || async { Ok(first.seen.running.load(Ordering::SeqCst) == 1) }).await?;
    tokio::time::timeout(SOON, first.stop()).await.context("it waits for what never ends")??;
    let second = Running::start(&nats, patient);
    eventually("another process has it", || async { Ok(second.seen.of("hang-1").len() == 1) }).await?;
    assert_eq!(second.stop().await?.of("hang-1").first().map(|(n, _)| *n), Some(2));
    Ok(())
}

#[tokio::test]
async fn pulling_goes_on_after_the_server_was_killed() -> Result<()> {
    let mut nats = Nats::start().await?;
    let running = Running::start(&nats, policy());
    send(&nats, "ok-1").await?;
    eventually("done", || async { Ok(running.seen.done.load(Ordering::SeqCst) == 1) }).await?;
    nats.restart().await?;
    send(&nats, "ok-2").await?;
    eventually("done again", || async { Ok(!running.seen.of("ok-2").is_empty()) }).await?;
    settled(&nats).await?;
    running.stop().await?;
    Ok(())
}

/// What waits for its next try keeps nothing from what can be applied: the window is not full of it, and it comes
/// back a few at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_events_that_wait_do_not_hold_up_a_good_one() -> Result<()> {
    const POISONED: usize = 10_000;
    let nats = Nats::start().await?;
    redelivered_only_when_given_back(&nats).await?;
    let running = Running::start(&nats, Policy { max_attempts: 100, ..Policy::quick(8) });
    for thousand in 0..POISONED / 1000 {
        let mut acks = Vec::new();
        for number in 0..1000 {
            let payload = event(&format!("never-{thousand}-{number}"), None)?;
            acks.push(nats.ops.publish("call.status.CA1", payload.into()).await?);
        }
        futures_util::future::try_join_all(acks.into_iter().map(IntoFuture::into_future)).await?;
    }
    eventually("each has failed once", || async { Ok(running.seen.tried("never") == POISONED) }).await?;
    let tries = |seen: &Seen| {
        let attempts = seen.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.values().map(Vec::len).sum::<usize>()
    };
    let before = tries(&running.seen);
    send(&nats, "good-1").await?;
    eventually("the good one is applied", || async { Ok(running.seen.done.load(Ordering::SeqCst) == 1) })
        .await?;
    let meanwhile = tries(&running.seen) - before;
    // A busy machine has some due at once; a whole round of them would be twice this.
    assert!(meanwhile < POISONED / 2, "{meanwhile} tries of others came first");
    let waiting = consumer(&nats).await?.get_info().await?.num_ack_pending;
    assert_eq!(waiting, POISONED, "they wait still");
    running.stop().await?;
    Ok(())
}

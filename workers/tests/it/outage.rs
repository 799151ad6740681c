//! Postgres goes away in the middle of the calls' work.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};
use metrics_exporter_prometheus::PrometheusBuilder;
use prosaas_dead_letters::retries;
use prosaas_events::{
    CloudEvent, DecodeError,
    call::{CallStatus, CallStatusV1},
    dead_letter::{DeadLetterV1, DeadReason},
    subjects::{Stream, consumers},
};
use prosaas_platform::{
    clock::{self, Clock},
    store,
};
use prosaas_workers::{
    calls::CallsWorker,
    dead_letters,
    runtime::{Bus, Delivery, Done, Failure, Meta, Policy, Retries, Worker, run},
};
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{Database, Nats, eventually};

/// The worker, and how often it found that Postgres is away.
struct Watched {
    worker: CallsWorker,
    away: Arc<AtomicUsize>,
}

impl Worker for Watched {
    type Event = <CallsWorker as Worker>::Event;

    fn stream(&self) -> &'static str {
        self.worker.stream()
    }

    fn consumer(&self) -> &'static str {
        self.worker.consumer()
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, Self::Event), DecodeError> {
        self.worker.decode(bytes)
    }

    async fn handle(&self, delivery: &Delivery, meta: &Meta, event: &Self::Event) -> Result<Done, Failure> {
        self.worker.handle(delivery, meta, event).await
    }

    async fn ready(&self) -> bool {
        let ready = self.worker.ready().await;
        self.away.fetch_add(usize::from(!ready), Ordering::SeqCst);
        ready
    }
}

fn ringing(call: usize) -> Result<Vec<u8>> {
    let data = CallStatusV1 {
        call_sid: format!("CA{call}").parse()?,
        account_sid: None,
        status: CallStatus::Ringing,
        sequence_number: Some(1),
        from: Some("+972541111111".to_owned()),
        to: None,
        direction: None,
        duration_s: None,
        sip_response_code: None,
        occurred_at: None,
        parent_call_sid: None,
    };
    let time = "2026-01-01T00:00:00Z".parse()?;
    Ok(CloudEvent::new(
        format!("e{call}").parse()?,
        "/twilio/AC1".to_owned(),
        format!("CA{call}"),
        time,
        data,
    )
    .encode()?)
}

/// The calls worker over a database that refuses a call, whose event is on its way.
struct Refusing {
    database: Database,
    nats: Nats,
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

impl Refusing {
    async fn a_call(policy: Policy) -> Result<Self> {
        let (database, nats) = (Database::migrated().await?, Nats::start().await?);
        let check = "ALTER TABLE prosaas.calls ADD CONSTRAINT calls_scripted_ck CHECK (call_sid <> 'CA7')";
        sqlx::query(check).execute(&database.pool).await?;
        let stop = CancellationToken::new();
        let worker = CallsWorker::new(database.pool.clone());
        let bus = Bus { retries: Retries::reported(database.pool.clone()), ..nats.bus.clone() };
        let worker = tokio::spawn(run(worker, bus, policy, stop.clone()));
        nats.ops.publish("call.status.CA7", ringing(7)?.into()).await?.await?;
        Ok(Self { database, nats, stop, worker })
    }
}

#[tokio::test]
async fn what_a_check_refuses_is_a_dead_letter_within_seconds() -> Result<()> {
    let Refusing { database, nats, stop, worker } = Refusing::a_call(Policy::quick(8)).await?;
    let dead = nats.ops.get_stream(Stream::Dead.name()).await?;
    eventually("it is given up", || async { Ok(dead.get_info().await?.state.messages == 1) }).await?;
    stop.cancel();
    worker.await?;
    assert!(retries::oldest(&database.pool).await?.is_empty(), "it is tried no more");
    let letter: DeadLetterV1 = serde_json::from_slice(&dead.get_raw_message(1).await?.payload)?;
    assert_eq!((letter.reason, letter.attempts), (DeadReason::Permanent, 3));
    assert!(letter.error_chain.iter().any(|cause| cause.contains("calls_scripted_ck")), "{letter:?}");
    Ok(())
}

#[tokio::test]
async fn what_is_tried_again_is_seen_after_its_first_failure() -> Result<()> {
    const SCHEDULE: &[Duration] = &[Duration::from_hours(1)];
    let policy = Policy { schedule: SCHEDULE, ..Policy::quick(8) };
    let Refusing { database, nats: _nats, stop, worker } = Refusing::a_call(policy).await?;
    eventually("it is seen", || async { Ok(retries::oldest(&database.pool).await?.len() == 1) }).await?;
    stop.cancel();
    worker.await?;
    let events = retries::oldest(&database.pool).await?;
    let event = events.first().context("the event")?;
    assert_eq!((event.worker.as_str(), event.event_id.as_str(), event.attempts), ("calls", "e7", 1));
    assert!(event.error.contains("calls_scripted_ck"), "{event:?}");
    assert!(event.next_attempt_at - event.first_failed_at > TimeDelta::minutes(59), "{event:?}");
    Ok(())
}

/// Takes an event and never ends.
struct Stuck;

impl Worker for Stuck {
    type Event = ();

    fn stream(&self) -> &'static str {
        Stream::Ops.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::OPS
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, ()), DecodeError> {
        Ok((Meta::split(CloudEvent::<CallStatusV1>::decode(bytes)?).0, ()))
    }

    async fn handle(&self, _: &Delivery, _: &Meta, (): &()) -> Result<Done, Failure> {
        std::future::pending().await
    }

    async fn ready(&self) -> bool {
        true
    }
}

/// An hour from now.
struct Later;

impl Clock for Later {
    fn now(&self) -> DateTime<Utc> {
        clock::system().now() + TimeDelta::hours(1)
    }
}

#[tokio::test]
async fn counters_begin_at_zero_and_gauges_tell_what_waits() -> Result<()> {
    // The only test of this program that has a recorder, and the only one that runs this consumer.
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let (database, nats) = (Database::migrated().await?, Nats::start().await?);
    sqlx::query(
        "INSERT INTO prosaas.dead_letters
            (id, consumer, subject, headers, payload_bytes, terms, reason, error_chain, fingerprint, attempts, state,
             first_died_at, died_at)
         VALUES (gen_random_uuid(), 'crm', 's', '[]', 0, '{}', 'permanent', '{}', '0123456789abcdef', 1, 'new',
             now(), now())",
    )
    .execute(&database.pool)
    .await?;
    nats.ops.publish("ops.test", ringing(1)?.into()).await?.await?;
    let stop = CancellationToken::new();
    let bus = Bus { clock: Arc::new(Later), ..nats.bus.clone() };
    let worker =
        tokio::spawn(run(Stuck, bus, Policy { drain: Duration::ZERO, ..Policy::quick(1) }, stop.clone()));
    let open = tokio::spawn(dead_letters::open::measure(database.pool.clone(), stop.clone()));
    let value = |name: &str| {
        metrics.render().lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok())
    };
    let age = r#"prosaas_oldest_event_age_seconds{consumer="ops"}"#;
    eventually("the age is known", || async { Ok(value(age).is_some_and(|age| age >= 3600.0)) }).await?;
    let letters = |consumer: &str| value(&format!(r#"prosaas_dead_letters_open{{consumer="{consumer}"}}"#));
    eventually("the dead letters are counted", || async { Ok(letters("crm") == Some(1.0)) }).await?;
    assert_eq!(letters("pump"), Some(0.0));
    for reason in ["permanent", "exhausted", "undecodable"] {
        let name = format!(r#"prosaas_dead_letters_total{{consumer="ops",reason="{reason}"}}"#);
        assert_eq!(value(&name), Some(0.0), "{name}");
    }
    assert_eq!(value(r#"prosaas_worker_retries_total{consumer="ops"}"#), Some(0.0));
    stop.cancel();
    worker.await?;
    open.await?;
    Ok(())
}

#[tokio::test]
async fn an_outage_of_postgres_loses_nothing_and_doubles_nothing() -> Result<()> {
    let (database, nats) = (Database::migrated().await?, Nats::start().await?);
    let (url, cable) = database.cable();
    let pool = store::connect(&SecretString::from(url), 8).await?;
    let stop = CancellationToken::new();
    let policy = Policy { max_attempts: 2, ..Policy::quick(8) };
    let away = Arc::new(AtomicUsize::new(0));
    let worker = Watched { worker: CallsWorker::new(pool), away: away.clone() };
    let worker = tokio::spawn(run(worker, nats.bus.clone(), policy, stop.clone()));
    for call in 0..300 {
        let js = &nats.ops;
        js.publish(format!("call.status.CA{call}"), ringing(call)?.into()).await?.await?;
        match call {
            100 => cable.cut().await,
            200 => eventually("the worker waits", || async { Ok(away.load(Ordering::SeqCst) > 1) }).await?,
            250 => cable.restore().await?,
            _ => {}
        }
    }
    eventually("every call has its row", || async {
        Ok(database.count("SELECT count(*) FROM prosaas.calls").await? == 300)
    })
    .await?;
    eventually("everything is acknowledged", || async {
        let consumer: async_nats::jetstream::consumer::PullConsumer =
            nats.ops.get_consumer_from_stream(consumers::CALLS, Stream::Calls.name()).await?;
        let info = consumer.get_info().await?;
        Ok(info.num_pending == 0 && info.num_ack_pending == 0)
    })
    .await?;
    stop.cancel();
    worker.await?;
    assert_eq!(database.count("SELECT count(*) FROM prosaas.call_events").await?, 300);
    assert_eq!(database.count("SELECT count(*) FROM prosaas.audit_records").await?, 300);
    let dead = nats.ops.get_stream(Stream::Dead.name()).await?;
    assert_eq!(dead.cached_info().state.messages, 0, "an outage makes no dead letter");
    Ok(())
}

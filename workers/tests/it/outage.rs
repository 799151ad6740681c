//! Postgres goes away in the middle of the calls' work.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use prosaas_shared::{
    events::{
        CloudEvent, DecodeError,
        call::{CallStatus, CallStatusV1},
    },
    store,
    subjects::{Stream, consumers},
};
use prosaas_workers::{
    calls::CallsWorker,
    runtime::{Delivery, Done, Failure, Meta, Policy, Worker, run},
};
use secrecy::SecretString;
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

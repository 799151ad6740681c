//! Postgres goes away in the middle of the calls' work.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use prosaas_shared::{
    events::{
        CloudEvent,
        call::{CallStatus, CallStatusV1},
    },
    store,
    subjects::{Stream, consumers},
};
use prosaas_workers::{
    calls::CallsWorker,
    runtime::{Policy, run},
};
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::support::{Database, Nats, eventually};

/// A way to Postgres that can be cut.
struct Cable {
    whole: Arc<AtomicBool>,
    address: SocketAddr,
}

impl Cable {
    async fn lay(to: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, whole) = (listener.local_addr()?, Arc::new(AtomicBool::new(true)));
        let state = whole.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (state, to) = (state.clone(), to.clone());
                tokio::spawn(async move {
                    if !state.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(mut far) = TcpStream::connect(&to).await else { return };
                    let cut = async {
                        while state.load(Ordering::SeqCst) {
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                    };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = cut => {}
                    }
                });
            }
        });
        Ok(Self { whole, address })
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
    let mut url = database.url()?;
    let to = format!("{}:{}", url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(5432));
    let cable = Cable::lay(to).await?;
    url.set_host(Some("127.0.0.1"))?;
    url.set_port(Some(cable.address.port())).ok().context("a port")?;
    let pool = store::connect(&SecretString::from(url.to_string()), 8).await?;
    let stop = CancellationToken::new();
    let policy = Policy { max_attempts: 2, ..Policy::quick(8) };
    let worker = tokio::spawn(run(CallsWorker::new(pool), nats.bus.clone(), policy, stop.clone()));
    for call in 0..300 {
        let js = &nats.ops;
        js.publish(format!("call.status.CA{call}"), ringing(call)?.into()).await?.await?;
        match call {
            100 => cable.whole.store(false, Ordering::SeqCst),
            200 => tokio::time::sleep(Duration::from_secs(4)).await,
            250 => cable.whole.store(true, Ordering::SeqCst),
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

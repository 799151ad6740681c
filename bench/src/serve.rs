//! The two contestants that are our own handler with another keeper behind it.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use async_nats::jetstream::{self, message::PublishMessage};
use futures_util::future::BoxFuture;
use prosaas_event_log::{
    Appended, EventLog, EventLogConfig, NewEvent,
    publish::{Keeper, Publisher},
    pump::PumpStatus,
};
use prosaas_ingress::{
    config::Config,
    router::public_router,
    serve::{Backends, app, listen},
    services::call_directory::{Directory, SharedDirectory, Snapshot, watch},
    state::Pools,
};
use prosaas_platform::{bus, clock, config::Env, process, store, telemetry};
use tokio_util::sync::CancellationToken;

use crate::contestant::Contestant;

/// Keeps nothing.
struct Nowhere;

impl Keeper for Nowhere {
    fn keep(&self, _: NewEvent) -> BoxFuture<'_, Appended> {
        Box::pin(std::future::ready(Appended::Logged))
    }
}

/// Publishes each event by itself and waits for its PubAck.
struct OnePubAck(jetstream::Context);

impl OnePubAck {
    async fn publish(&self, event: NewEvent) -> anyhow::Result<()> {
        let message = PublishMessage::build().message_id(event.id.as_str()).payload(event.payload);
        self.0.send_publish(event.subject.into_string(), message).await?.await?;
        Ok(())
    }
}

impl Keeper for OnePubAck {
    fn keep(&self, event: NewEvent) -> BoxFuture<'_, Appended> {
        Box::pin(async { self.publish(event).await.map_or(Appended::Lost, |()| Appended::Logged) })
    }
}

/// Serves until it is told to stop. All but the keeper is the ingress's own.
pub async fn serve(contestant: Contestant) -> anyhow::Result<()> {
    process::install_tls_provider();
    let config = Config::from_env(&Env::from_process())?;
    let telemetry = telemetry::init("prosaas-ingress", &config.telemetry)?;
    let nats = bus::connect(&config.nats_url, bus::Role::Ingress).await?;
    let publisher = match contestant {
        Contestant::Floor => Publisher::new(Nowhere),
        Contestant::Naive => Publisher::new(OnePubAck(jetstream::new(nats.clone()))),
        Contestant::Prosaas | Contestant::Flask => bail!("it has a program of its own"),
    };
    // `/ready` looks at a log; nothing is written to this one.
    let log = EventLog::open(EventLogConfig::new(&config.event_log_path), clock::system()).await?;
    let directory: SharedDirectory = Arc::new(ArcSwap::from_pointee(Directory::default()));
    let stopping = CancellationToken::new();
    let snapshot = Snapshot::in_folder(&config.event_log_path);
    tokio::spawn(watch(jetstream::new(nats.clone()), Arc::clone(&directory), snapshot, stopping.clone()));
    let database = store::connect(&config.database_url, 1).await?;
    let on = Backends { nats, pools: Pools::shared(&database), log, pump: PumpStatus::default(), directory };
    let app = app(&config, on, publisher)?;
    let served = listen("INGRESS_LISTEN", config.listen, public_router(app), stopping.clone()).await?;
    process::termination().await;
    stopping.cancel();
    served.await.context("the listener failed")?;
    telemetry.shutdown().await;
    Ok(())
}

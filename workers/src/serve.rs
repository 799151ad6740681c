//! The process: every worker, its jobs, and the internal listener.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use async_nats::{Client, connection::State, jetstream};
use axum::{Router, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use prosaas_platform::{bus, clock, objects::Objects, store, telemetry::Telemetry};
use prosaas_whatsapp_service::WhatsappService;
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    calls::{CallsWorker, last_status::LastStatus},
    config::Config,
    counters,
    crm::{CrmWorker, projector::Projector},
    dead_letters::{self, AdvisoriesWorker, DeadLettersWorker},
    domain_events::relay::Relay,
    faults::Faulty,
    jobs,
    live::{self, Live},
    operators::{OpsWorker, Pauses},
    recordings::{RecordingsWorker, provider_delete},
    replays::{self, Runner},
    runtime::{Bus, Policy, Retries, run},
    setup,
    twilio::{Api, Twilio},
    whatsapp::{WhatsappWorker, effects},
};

/// Transactions of calls at once: two fill while a third commits.
const CALLS: usize = 3;
/// Recordings fetched at once.
const RECORDINGS: usize = 8;
/// Commands handled at once.
const COMMANDS: usize = 4;

/// Transactions of facts, and commands, of WhatsApp at once.
const SESSIONS: usize = 4;

/// Transactions of dead letters, and advisories, filed at once.
const FILING: usize = 4;

/// Operators' commands applied at once.
const OPS: usize = 2;

/// Longest run of one: choosing the events of a large replay is one transaction.
const OPS_TIMEOUT: Duration = Duration::from_mins(2);

/// Connections to Postgres. Fewer than handlers: a download holds none.
const CONNECTIONS: u32 = 20;

/// How long a connected server may take to have the streams.
const STREAMS_LIMIT: Duration = Duration::from_mins(1);

/// Everything must have ended then, that of the platform's ten seconds.
const STOP_LIMIT: Duration = Duration::from_millis(9500);

/// Runs until `stop` resolves.
pub async fn serve(config: Config, telemetry: &Telemetry, stop: impl Future<Output = ()>) -> Result<()> {
    counters::exist();
    let pool = store::connect(&config.database_url, CONNECTIONS).await?;
    let objects = Objects::open(&config.recordings_url)?;
    let api = Api { base: config.twilio_api_base.clone(), account: config.twilio.account_sid.clone() };
    let twilio = Twilio::new(api, &config.twilio.auth_tokens)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("WORKERS_LISTEN: {} cannot be listened on", config.listen))?;
    let client = bus::connect(&config.nats_url, bus::Role::Workers).await?;
    let stopping = CancellationToken::new();
    let tasks = TaskTracker::new();
    tasks.spawn(listen(listener, telemetry.metrics(), stopping.clone()));
    tasks.spawn(upkeep(telemetry.metrics(), stopping.clone()));

    tokio::pin!(stop);
    let context = jetstream::new(client.clone());
    tokio::select! {
        () = &mut stop => {}
        ready = foundations(&pool, &client) => {
            ready?;
            let projector = Projector::new(pool.clone(), context.clone());
            let bus = Bus { client: client.clone(), jetstream: context.clone(), clock: clock::system(), process: process(), retries: Retries::reported(pool.clone()), committed: Arc::default() };
            let relay = Relay { pool: pool.clone(), client: client.clone(), committed: bus.committed.clone() };
            tasks.spawn(relay.run(stopping.clone()));
            let live = Live::new(client.clone(), clock::system());
            let asking = LastStatus { pool: pool.clone(), context: context.clone(), twilio: twilio.clone(), clock: clock::system() };
            tasks.spawn(asking.run(stopping.clone()));
            let recordings =
                RecordingsWorker::new(pool.clone(), twilio, objects.clone(), config.delete_at_twilio).with_live(live.clone());
            let calls = CallsWorker::new(pool.clone()).with_live(live.clone());
            let s = || stopping.clone();
            let (quick, patient) = (Policy::quick(CALLS), Policy::patient(RECORDINGS));
            if config.inject_faults {
                tasks.spawn(run(Faulty(calls), bus.clone(), quick, s()));
                tasks.spawn(run(Faulty(recordings.clone()), bus.clone(), patient, s()));
            } else {
                tasks.spawn(run(calls, bus.clone(), quick, s()));
                tasks.spawn(run(recordings.clone(), bus.clone(), patient, s()));
            }
            let crm = CrmWorker::new(pool.clone(), projector.clone(), live.clone());
            tasks.spawn(run(crm, bus.clone(), Policy::quick(COMMANDS), s()));
            let baileys = WhatsappService::new(
                config.baileys_base_url.clone(),
                config.internal_secret.clone(),
                clock::system(),
            )?;
            let whatsapp = WhatsappWorker::new(pool.clone(), projector.clone(), live.clone(), baileys);
            tasks.spawn(run(whatsapp.clone(), bus.clone(), Policy::quick(SESSIONS), s()));
            tasks.spawn(effects::run(whatsapp, s()));
            let filing = dead_letters::policy(FILING);
            let letters = DeadLettersWorker::new(pool.clone(), live.clone(), clock::system());
            tasks.spawn(run(letters, bus.clone(), filing.clone(), s()));
            let advisories = AdvisoriesWorker::new(pool.clone(), context.clone(), live.clone());
            tasks.spawn(run(advisories, bus.clone(), filing, s()));
            let (replays, pauses) = (Arc::<Notify>::default(), Arc::<Notify>::default());
            let operators =
                OpsWorker::new(pool.clone(), projector.clone(), live.clone(), replays.clone(), pauses.clone());
            tasks.spawn(run(operators, bus.clone(), Policy { timeout: OPS_TIMEOUT, ..Policy::quick(OPS) }, s()));
            let runner = Runner {
                pool: pool.clone(),
                context: context.clone(),
                live: live.clone(),
                process: bus.process.clone(),
                wake: replays,
            };
            tasks.spawn(replays::run(runner, s()));
            let pauses = Pauses { pool: pool.clone(), context: context.clone(), wake: pauses };
            tasks.spawn(pauses.run(s()));
            tasks.spawn(projector.run(s()));
            tasks.spawn(dead_letters::open::measure(pool.clone(), s()));
            tasks.spawn(live::keep_stream(client.clone(), s()));
            tasks.spawn(provider_delete::run(recordings, s()));
            tasks.spawn(jobs::run(pool.clone(), context, objects, bus.clock, s()));
            stop.await;
        }
    }
    tracing::info!(event = "workers.stopping", "the workers stop");
    stopping.cancel();
    tasks.close();
    if tokio::time::timeout(STOP_LIMIT, tasks.wait()).await.is_err() {
        tracing::warn!(event = "workers.unfinished", running = tasks.len(), "the process ends all the same");
    }
    Ok(())
}

/// Waits until Postgres and NATS are there, however long. No event is touched before the tables are
/// known to be for this release; the streams must be right soon.
async fn foundations(pool: &PgPool, client: &Client) -> Result<()> {
    store::enter(pool).await?;
    while client.connection_state() != State::Connected {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    setup::verify_streams(client, STREAMS_LIMIT).await
}

/// A name for this process in dead letters.
fn process() -> Arc<str> {
    let unique = Uuid::new_v4().simple().to_string();
    let short = unique.get(..8).unwrap_or(&unique);
    format!("workers-{}-{short}", std::process::id()).into()
}

async fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = Telemetry::upkeep(metrics) => {}
    }
}

async fn listen(listener: TcpListener, metrics: PrometheusHandle, stop: CancellationToken) {
    let router = Router::new()
        .route("/health", get(|| std::future::ready("ok")))
        .route("/metrics", get(move || std::future::ready(metrics.render())));
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(event = "workers.listener_failed", %error, "health and metrics are not served any more");
    }
}

//! Starting and stopping the ingress.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use async_nats::{Client, connection::State as Connection, jetstream};
use axum::Router;
use prosaas_event_log::{
    EventLog, EventLogConfig,
    publish::Publisher,
    pump::{self, PumpStatus},
};
use prosaas_events::subjects::Stream;
use prosaas_platform::{
    bus::{
        self,
        durability::assert_durable,
        reconcile::{self, ApplyError},
    },
    clock,
    objects::Objects,
    store,
    telemetry::Telemetry,
};
use prosaas_twilio::Validator;
use prosaas_whatsapp_service::WhatsappService;
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    counters,
    http::connections,
    internal,
    router::public_router,
    services::{
        answers_given::AnsweredCalls,
        call_directory::{Directory, SharedDirectory, Snapshot, watch},
        maintenance,
    },
    state::{ApiState, App, AppState, Pools, Readiness},
};

/// How long requests in flight may take to end at a stop.
const DRAIN: Duration = Duration::from_secs(5);

/// How long the pump may take to end its batch at a stop.
const PUMP_STOP: Duration = Duration::from_secs(3);

/// Runs until `stop` resolves, then drains: no new connections, requests in
/// flight answered, the batch in flight finished, the log closed.
pub async fn serve(
    config: Config,
    telemetry: &Telemetry,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    counters::exist();
    let log_config = EventLogConfig {
        max_bytes: config.event_log_max_bytes,
        ..EventLogConfig::new(&config.event_log_path)
    };
    let log = EventLog::open(log_config, clock::system()).await.context("EVENT_LOG_PATH")?;
    let snapshot = Snapshot::in_folder(&config.event_log_path);
    let directory: SharedDirectory = Arc::new(ArcSwap::from_pointee(Directory::of(snapshot.load().await)));
    let nats = bus::connect(&config.nats_url, bus::Role::Ingress).await?;
    let pools = Pools::connect(&config.database_url).await?;

    let stopping = CancellationToken::new();
    let pump = pump::spawn_behind(until_durable(nats.clone()), log.clone(), nats.clone(), stopping.clone());
    let pump_status = pump.status();
    let watching =
        tokio::spawn(watch(jetstream::new(nats.clone()), Arc::clone(&directory), snapshot, stopping.clone()));
    let cleaning = tokio::spawn(maintenance::run(pools.api.clone(), stopping.clone()));
    let refusal = refusal(pools.api.clone(), nats.clone());
    let on = Backends { nats: nats.clone(), pools, log: log.clone(), pump: pump_status, directory };
    let app = app(&config, on, Publisher::new(log.clone()))?;
    let following = tokio::spawn(app.api.live.clone().follow(stopping.clone()));
    let public =
        listen("INGRESS_LISTEN", config.listen, public_router(app.clone()), stopping.clone()).await?;
    let private = internal::router(app, telemetry.metrics());
    let private =
        listen("INGRESS_INTERNAL_LISTEN", config.internal_listen, private, stopping.clone()).await?;
    let upkeep = tokio::spawn(Telemetry::upkeep(telemetry.metrics()));
    tracing::info!(
        event = "ingress.started",
        listen = %config.listen,
        internal_listen = %config.internal_listen,
        validate_signatures = config.validate_signatures,
    );
    if !config.validate_signatures {
        tracing::warn!(event = "ingress.open", "signatures are not checked: anybody can forge calls");
    }

    let ended = tokio::select! {
        () = stop => Ok(()),
        error = refusal => Err(error),
    };
    tracing::info!(event = "ingress.stopping", "draining");
    stopping.cancel();
    let _ = tokio::time::timeout(DRAIN, async { tokio::join!(public, private) }).await;
    let _ = tokio::time::timeout(PUMP_STOP, pump.stopped()).await;
    watching.abort();
    upkeep.abort();
    cleaning.abort();
    following.abort();
    log.close().await;
    let _ = tokio::time::timeout(Duration::from_secs(1), nats.drain()).await;
    tracing::info!(event = "ingress.stopped");
    ended
}

/// Resolves with the reason why this program may not run on the tables or streams that it finds once
/// Postgres and NATS answer; never, where it may. Calls are answered meanwhile: nobody waits for it.
async fn refusal(pool: PgPool, nats: Client) -> anyhow::Error {
    let tables = async { store::enter(&pool).await.map_err(anyhow::Error::new) };
    match tokio::try_join!(tables, streams(&nats)) {
        Ok(_) => std::future::pending().await,
        Err(error) => error,
    }
}

/// Waits until NATS answers, and judges the streams that events go into.
async fn streams(client: &Client) -> anyhow::Result<()> {
    const PAUSE: Duration = Duration::from_millis(500);
    let js = jetstream::new(client.clone());
    loop {
        if client.connection_state() == Connection::Connected {
            match reconcile::judge(&js, Stream::ALL.map(Stream::name)).await {
                Ok(_) => return Ok(()),
                Err(ApplyError::Server { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Resolves once the server is known to keep what it acknowledges, and logs until
/// then why it is not. Calls are answered and kept all the while.
async fn until_durable(client: Client) {
    const PAUSE: Duration = Duration::from_millis(200);
    let js = jetstream::new(client.clone());
    let mut told = String::new();
    loop {
        let problem = match client.connection_state() {
            Connection::Connected => match assert_durable(&client, &js).await {
                Ok(()) => return,
                Err(error) => error.to_string(),
            },
            _ => String::new(),
        };
        if !problem.is_empty() && problem != told {
            tracing::error!(event = "nats.not_durable", problem, "no event leaves the local log");
            told = problem;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What an [`App`] stands on.
pub struct Backends {
    /// NATS.
    pub nats: Client,
    /// Postgres.
    pub pools: Pools,
    /// The local log.
    pub log: EventLog,
    /// The pump that empties it.
    pub pump: PumpStatus,
    /// Called numbers and their answers.
    pub directory: SharedDirectory,
}

/// The app of these settings, whose webhooks' events go to `publisher`.
///
/// # Errors
/// When a setting of the API cannot be used.
pub fn app(config: &Config, on: Backends, publisher: Publisher) -> anyhow::Result<App> {
    let (clock, secret) = (clock::system(), &config.api.internal_secret);
    let whatsapp = WhatsappService::new(config.baileys_base_url.clone(), secret.clone(), clock.clone())
        .context("no client of the WhatsApp service can be made")?;
    let api = ApiState::new(
        &config.api,
        &config.public_url,
        config.app_env,
        whatsapp.clone(),
        &on.pools,
        on.nats.clone(),
        on.log.clone(),
        Objects::open(&config.recordings_url)?,
    )?;
    Ok(App::new(AppState {
        clock,
        validate_signatures: config.validate_signatures,
        validator: Validator::new(&config.twilio.auth_tokens),
        account_sid: config.twilio.account_sid.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        public_url: config.public_url.clone(),
        directory: on.directory,
        answered: AnsweredCalls::default(),
        publisher,
        readiness: Readiness {
            nats: on.nats,
            database: on.pools.health,
            log: on.log,
            pump: on.pump,
            whatsapp,
        },
        static_dir: config.static_dir.clone(),
        api,
    }))
}

/// Serves `router` on `address` until `stopping`; `variable` is the setting that
/// an error names.
pub async fn listen(
    variable: &'static str,
    address: SocketAddr,
    router: Router,
    stopping: CancellationToken,
) -> anyhow::Result<JoinHandle<()>> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("{variable}: cannot listen on {address}"))?;
    Ok(tokio::spawn(connections::serve(listener, router, connections::Limits::default(), stopping)))
}

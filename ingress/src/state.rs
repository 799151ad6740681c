//! What handlers share. It knows no route.

use std::{path::PathBuf, sync::Arc};

use async_nats::Client;
use ipnet::IpNet;
use prosaas_domain::ids::AccountSid;
use prosaas_event_log::{EventLog, publish::Publisher, pump::PumpStatus};
use prosaas_platform::{
    clock::SharedClock,
    config::{AppEnv, ConfigError},
    internal_auth::Verifier,
    objects::Objects,
    store,
};
use prosaas_twilio::Validator;
use prosaas_whatsapp_service::WhatsappService;
use secrecy::SecretString;
use sqlx::PgPool;
use url::Url;

use crate::{
    config::ApiConfig,
    http::{cookie::SessionCookie, cross_site::Origins, keys::Key, page::Cursors},
    services::{
        answers_given::AnsweredCalls,
        call_directory::SharedDirectory,
        live::hub::Hub,
        mail::Mailer,
        passwords::Passwords,
        planned_reads::PlannedReads,
        rate_limit::{Quotas, RateLimits},
    },
};

/// The state behind the handlers; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<AppState>);

/// What [`App`] points to.
pub struct AppState {
    /// The time of day.
    pub clock: SharedClock,
    /// Whether Twilio's signatures are checked.
    pub validate_signatures: bool,
    /// Checks them.
    pub validator: Validator,
    /// Our account at Twilio.
    pub account_sid: AccountSid,
    /// From whom forwarded headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// The address that Twilio uses.
    pub public_url: Url,
    /// Called numbers and their answers.
    pub directory: SharedDirectory,
    /// Answers given a moment ago.
    pub answered: AnsweredCalls,
    /// Where events go.
    pub publisher: Publisher,
    /// What `/ready` looks at.
    pub readiness: Readiness,
    /// The built SPA, where the ingress serves it.
    pub static_dir: Option<PathBuf>,
    /// What the web app's API needs.
    pub api: ApiState,
}

impl App {
    /// Shares the state.
    pub fn new(state: AppState) -> Self {
        Self(Arc::new(state))
    }
}

impl std::ops::Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}

/// The API's part of the state.
pub struct ApiState {
    /// Postgres: reads, and the ingress's own tables.
    pub database: PgPool,
    /// Postgres for login sessions, passwords and the links that set them.
    pub logins: PgPool,
    /// Lists and searches.
    pub reads: PlannedReads,
    /// NATS: live updates.
    pub nats: Client,
    /// Where commands go.
    pub log: EventLog,
    /// Where the recordings' audio is.
    pub recordings: Objects,
    /// Follows the live updates, once it is told to.
    pub live: Hub,
    /// Where our own pages come from.
    pub origins: Origins,
    /// The session's cookie.
    pub cookie: SessionCookie,
    /// How often somebody may ask.
    pub limits: RateLimits,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Sends mails.
    pub mailer: Mailer,
    /// The WhatsApp service.
    pub whatsapp: WhatsappService,
    /// Checks what our other processes send.
    pub internal_requests: Verifier,
    /// Signs operations' names.
    pub operation_key: Key,
    /// Tags accounts in the log.
    pub account_tags: Key,
    /// Signs cursors.
    pub cursors: Cursors,
}

impl ApiState {
    /// Puts the state together.
    #[expect(clippy::too_many_arguments, reason = "each is another thing that the API stands on")]
    pub fn new(
        config: &ApiConfig,
        public_url: &Url,
        app_env: AppEnv,
        whatsapp: WhatsappService,
        pools: &Pools,
        nats: Client,
        log: EventLog,
        recordings: Objects,
    ) -> Result<Self, ConfigError> {
        let secret = &config.internal_secret;
        Ok(Self {
            database: pools.api.clone(),
            logins: pools.logins.clone(),
            reads: PlannedReads::new(pools.api.clone()),
            live: Hub::new(nats.clone()),
            nats,
            log,
            recordings,
            origins: Origins::new(public_url, app_env),
            cookie: SessionCookie::for_address(public_url),
            limits: RateLimits::new(Quotas::of(app_env)),
            passwords: Passwords::default(),
            mailer: Mailer::new(config, public_url, app_env)?,
            whatsapp,
            internal_requests: Verifier::new(secret.clone()),
            operation_key: Key::derive(secret, "prosaas operation tokens v1"),
            account_tags: Key::derive(secret, "prosaas account tags in logs v1"),
            cursors: Cursors::new(Key::derive(secret, "prosaas cursors v1")),
        })
    }
}

/// What `/ready` looks at.
pub struct Readiness {
    /// NATS.
    pub nats: Client,
    /// Postgres.
    pub database: PgPool,
    /// The local log.
    pub log: EventLog,
    /// The pump.
    pub pump: PumpStatus,
    /// The WhatsApp service.
    pub whatsapp: WhatsappService,
}

/// Connections of the API; of login sessions and passwords; and of `/ready`.
const API_CONNECTIONS: u32 = 8;
const LOGIN_CONNECTIONS: u32 = 4;
const HEALTH_CONNECTIONS: u32 = 1;

/// Pools of connections to Postgres. Who waits for the API's does not keep others from
/// logging in, and `/ready` from telling whether Postgres is there.
#[derive(Debug, Clone)]
pub struct Pools {
    /// Everything else.
    pub api: PgPool,
    /// Login sessions, passwords, and the links that set them.
    pub logins: PgPool,
    /// `/ready`.
    pub health: PgPool,
}

impl Pools {
    /// Makes them; they connect when they are first used.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub async fn connect(url: &SecretString) -> Result<Self, ConfigError> {
        Ok(Self {
            api: store::connect(url, API_CONNECTIONS).await?,
            logins: store::connect(url, LOGIN_CONNECTIONS).await?,
            health: store::connect(url, HEALTH_CONNECTIONS).await?,
        })
    }

    /// One pool for everything.
    pub fn shared(pool: &PgPool) -> Self {
        Self { api: pool.clone(), logins: pool.clone(), health: pool.clone() }
    }
}

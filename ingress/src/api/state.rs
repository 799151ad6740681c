//! What the API's handlers share.

use prosaas_event_log::EventLog;
use prosaas_platform::{
    config::{AppEnv, ConfigError},
    internal_auth::Verifier,
    objects::Objects,
};
use prosaas_whatsapp_service::WhatsappService;
use sqlx::PgPool;
use url::Url;

use super::{
    auth::passwords::Passwords,
    cookie::SessionCookie,
    csrf::Origins,
    keys::Key,
    live::Hub,
    mail::Mailer,
    page::Cursors,
    planned::PlannedReads,
    rate_limit::{Quotas, RateLimits},
};
use crate::{config::ApiConfig, serve::Pools};

/// The API's part of the state.
pub struct ApiState {
    /// Postgres: reads, and the ingress's own tables.
    pub database: PgPool,
    /// Postgres for login sessions, passwords and the links that set them.
    pub logins: PgPool,
    /// Lists and searches.
    pub reads: PlannedReads,
    /// NATS: live updates.
    pub nats: async_nats::Client,
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
        nats: async_nats::Client,
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

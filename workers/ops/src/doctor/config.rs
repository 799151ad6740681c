//! What `prosaas-ops doctor` looks at. What is missing or wrong ends nothing here: it is
//! something to tell of.

use std::path::PathBuf;

use prosaas_domain::phone::E164;
use prosaas_platform::config::{AppEnv, ConfigError, Env, TwilioConfig};
use prosaas_whatsapp_service as whatsapp_service;
use prosaas_workers::config::{api_base, first_number, nats_store_max_bytes, recordings_url};
use secrecy::SecretString;
use url::Url;

/// A setting, or what is wrong with it.
type Setting<T> = Result<T, ConfigError>;

/// Every secret of ours by its variable, and whether production needs it.
const SECRETS: [(&str, bool); 9] = [
    ("TWILIO_AUTH_TOKEN", true),
    ("INTERNAL_SECRET", true),
    ("BAILEYS_ENCRYPTION_KEY", true),
    ("NATS_INGRESS_PASSWORD", true),
    ("NATS_WORKERS_PASSWORD", true),
    ("NATS_OPS_PASSWORD", true),
    ("NATS_SYS_PASSWORD", true),
    ("POSTGRES_PASSWORD", false),
    ("ADMIN_PASSWORD", false),
];

/// One secret.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its variable.
    pub variable: &'static str,
    /// Whether nothing runs without it.
    pub required: bool,
    /// Its value.
    pub value: Setting<Option<SecretString>>,
}

/// The settings of a deployment, as far as the doctor looks at them.
#[derive(Debug, Clone)]
pub struct DoctorConfig {
    /// `PUBLIC_URL`.
    pub public_url: Setting<Url>,
    /// Twilio's account and tokens.
    pub twilio: Setting<TwilioConfig>,
    /// `TWILIO_API_BASE`.
    pub twilio_api_base: Setting<Url>,
    /// `TWILIO_PHONE_NUMBER`.
    pub first_number: Setting<Option<E164>>,
    /// `NATS_URL`, with the user `ops`.
    pub nats_url: Setting<SecretString>,
    /// `DATABASE_URL`.
    pub database_url: Setting<SecretString>,
    /// `BAILEYS_BASE_URL`.
    pub baileys_base_url: Setting<Url>,
    /// `INTERNAL_SECRET`.
    pub internal_secret: Setting<SecretString>,
    /// `EVENT_LOG_PATH`.
    pub event_log_path: Setting<PathBuf>,
    /// `EVENT_LOG_MAX_BYTES`.
    pub event_log_max_bytes: Setting<u64>,
    /// `NATS_STORE_MAX_BYTES`.
    pub nats_store_max_bytes: Setting<u64>,
    /// `NATS_STORE_DIR`.
    pub nats_store_dir: Setting<Option<PathBuf>>,
    /// `RECORDINGS_URL`.
    pub recordings_url: Setting<Url>,
    /// `ADMIN_EMAIL`.
    pub admin_email: Setting<Option<String>>,
    /// Every secret.
    pub secrets: Vec<Secret>,
}

impl DoctorConfig {
    /// Reads everything; only `APP_ENV` must be right.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let app_env = env.app_env()?;
        let secret = |(variable, in_production): (&'static str, bool)| Secret {
            variable,
            required: in_production && app_env == AppEnv::Production,
            value: env.optional(variable).map(|value| value.map(SecretString::from)),
        };
        Ok(Self {
            public_url: env.public_url(app_env),
            twilio: TwilioConfig::from_env(env),
            twilio_api_base: api_base(env, app_env),
            first_number: first_number(env),
            nats_url: env.nats_url("ops"),
            database_url: env.database_url(),
            baileys_base_url: whatsapp_service::base_url(env, app_env),
            internal_secret: env.internal_secret(app_env),
            event_log_path: env.path("EVENT_LOG_PATH", app_env, ".data/ingress"),
            event_log_max_bytes: env.parsed("EVENT_LOG_MAX_BYTES", 1 << 30),
            nats_store_max_bytes: nats_store_max_bytes(env),
            nats_store_dir: env.optional("NATS_STORE_DIR").map(|path| path.map(PathBuf::from)),
            recordings_url: recordings_url(env),
            admin_email: env.optional("ADMIN_EMAIL"),
            secrets: SECRETS.into_iter().map(secret).collect(),
        })
    }
}

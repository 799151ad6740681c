//! The settings of the two binaries.

use std::{net::SocketAddr, path::PathBuf};

use prosaas_domain::phone::{self, E164};
use prosaas_platform::{
    bus::definitions::{DEFAULT_STORE_BYTES, LEAST_STORE_BYTES},
    config::{AppEnv, ConfigError, Env, TelemetryConfig, TwilioConfig},
};
use prosaas_whatsapp_service as whatsapp_service;
use secrecy::SecretString;
use url::Url;

/// What the workers are told from outside.
#[derive(Debug, Clone)]
pub struct Config {
    /// `DATABASE_URL`.
    pub database_url: SecretString,
    /// `NATS_URL`.
    pub nats_url: SecretString,
    /// `WORKERS_LISTEN`: health and metrics, default 127.0.0.1:5002.
    pub listen: SocketAddr,
    /// Twilio's account and tokens; recordings are fetched with whichever Twilio takes.
    pub twilio: TwilioConfig,
    /// `TWILIO_API_BASE`: default <https://api.twilio.com>.
    pub twilio_api_base: Url,
    /// `RECORDINGS_URL`: `file:///…`, `s3://bucket/…` or `gs://bucket/…`.
    pub recordings_url: Url,
    /// `RECORDINGS_DELETE_AT_TWILIO`: delete Twilio's copy once ours is safe, default false.
    pub delete_at_twilio: bool,
    /// `WORKERS_INJECT_FAULTS`: handlers fail when a call's or recording's id tells them to, for the fault
    /// suite; refused in production.
    pub inject_faults: bool,
    /// `BAILEYS_BASE_URL`: the WhatsApp service.
    pub baileys_base_url: Url,
    /// `INTERNAL_SECRET`: signs what the service is asked.
    pub internal_secret: SecretString,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// Reads and checks every setting.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let app_env = env.app_env()?;
        Ok(Self {
            database_url: env.database_url()?,
            nats_url: env.nats_url("workers")?,
            listen: env.parsed("WORKERS_LISTEN", SocketAddr::from(([127, 0, 0, 1], 5002)))?,
            twilio: TwilioConfig::from_env(env)?,
            twilio_api_base: api_base(env, app_env)?,
            recordings_url: recordings_url(env)?,
            delete_at_twilio: env.flag("RECORDINGS_DELETE_AT_TWILIO", false)?,
            inject_faults: inject_faults(env, app_env)?,
            baileys_base_url: whatsapp_service::base_url(env, app_env)?,
            internal_secret: env.internal_secret(app_env)?,
            telemetry: TelemetryConfig::from_env(env, app_env)?,
        })
    }
}

fn inject_faults(env: &Env, app_env: AppEnv) -> Result<bool, ConfigError> {
    const NAME: &str = "WORKERS_INJECT_FAULTS";
    let wanted = env.flag(NAME, false)?;
    if wanted && app_env == AppEnv::Production {
        return Err(ConfigError::new(NAME, "is for the fault suite, never for production"));
    }
    Ok(wanted)
}

pub fn api_base(env: &Env, app_env: AppEnv) -> Result<Url, ConfigError> {
    const NAME: &str = "TWILIO_API_BASE";
    let text = env.optional(NAME)?.unwrap_or_else(|| "https://api.twilio.com".to_owned());
    let url: Url = text.trim().parse().map_err(|e| ConfigError::new(NAME, format!("is no address: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(ConfigError::new(NAME, "must begin with https:// and name a host"));
    }
    if app_env == AppEnv::Production && url.scheme() != "https" {
        return Err(ConfigError::new(NAME, "must begin with https:// in production: a token goes there"));
    }
    Ok(url)
}

pub fn recordings_url(env: &Env) -> Result<Url, ConfigError> {
    const NAME: &str = "RECORDINGS_URL";
    let url: Url = env
        .required(NAME)?
        .trim()
        .parse()
        .map_err(|e| ConfigError::new(NAME, format!("is no address: {e}")))?;
    match url.scheme() {
        "file" | "s3" | "gs" => Ok(url),
        _ => Err(ConfigError::new(NAME, "must begin with file:///, s3:// or gs://")),
    }
}

/// What the operators' command line is told from outside.
#[derive(Debug, Clone)]
pub struct OpsConfig {
    /// `DATABASE_URL`.
    pub database_url: SecretString,
    /// `NATS_URL`.
    pub nats_url: SecretString,
    /// `TWILIO_PHONE_NUMBER`: the number of the first business.
    pub first_number: Option<E164>,
    /// `NATS_STORE_MAX_BYTES`: what all streams on disk may take, bytes; default 4 GiB.
    pub nats_store_max_bytes: u64,
    /// `NATS_STORE_DIR`: the folder of nats-server's streams, where it can be seen from here.
    pub nats_store_dir: Option<PathBuf>,
    /// `ADMIN_EMAIL`, `ADMIN_PASSWORD`: the first system admin; both or none.
    pub admin: Option<(String, SecretString)>,
}

impl OpsConfig {
    /// Reads and checks every setting.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            database_url: env.database_url()?,
            nats_url: env.nats_url("ops")?,
            first_number: first_number(env)?,
            nats_store_max_bytes: nats_store_max_bytes(env)?,
            nats_store_dir: env.optional("NATS_STORE_DIR")?.map(PathBuf::from),
            admin: admin(env)?,
        })
    }
}

pub fn nats_store_max_bytes(env: &Env) -> Result<u64, ConfigError> {
    const NAME: &str = "NATS_STORE_MAX_BYTES";
    let bytes = env.parsed(NAME, DEFAULT_STORE_BYTES)?;
    if bytes < LEAST_STORE_BYTES {
        return Err(ConfigError::new(NAME, format!("must be at least {LEAST_STORE_BYTES}")));
    }
    Ok(bytes)
}

pub fn first_number(env: &Env) -> Result<Option<E164>, ConfigError> {
    const NAME: &str = "TWILIO_PHONE_NUMBER";
    env.optional(NAME)?
        .map(|text| phone::dialable(&text).map_err(|e| ConfigError::new(NAME, format!("{e}"))))
        .transpose()
}

fn admin(env: &Env) -> Result<Option<(String, SecretString)>, ConfigError> {
    const EMAIL: &str = "ADMIN_EMAIL";
    const PASSWORD: &str = "ADMIN_PASSWORD";
    match (env.optional(EMAIL)?, env.optional(PASSWORD)?) {
        (Some(email), Some(password)) => Ok(Some((email.trim().to_owned(), SecretString::from(password)))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::new(PASSWORD, "is required where ADMIN_EMAIL is set")),
        (None, Some(_)) => Err(ConfigError::new(EMAIL, "is required where ADMIN_PASSWORD is set")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut pairs = vec![
            ("DATABASE_URL", "postgres://db"),
            ("NATS_URL", "nats://nats"),
            ("TWILIO_ACCOUNT_SID", "AC1"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("RECORDINGS_URL", "file:///data"),
            ("BAILEYS_BASE_URL", "http://baileys:3300"),
            ("INTERNAL_SECRET", "5b1f0e7c9d2a48364e0b7a5f1c3d9e82"),
        ];
        pairs.extend_from_slice(more);
        Config::from_env(&Env::from_pairs(pairs))
    }

    #[test]
    fn a_wrong_setting_is_named() {
        assert!(with(&[]).is_ok_and(|c| c.twilio_api_base.as_str() == "https://api.twilio.com/"));
        for (name, value) in [
            ("DATABASE_URL", ""),
            ("NATS_URL", ""),
            ("TWILIO_AUTH_TOKEN", ""),
            ("RECORDINGS_URL", ""),
            ("RECORDINGS_URL", "ftp://x"),
            ("BAILEYS_BASE_URL", ""),
            ("INTERNAL_SECRET", "short"),
            ("TWILIO_API_BASE", "http://api.twilio.com"),
            ("TWILIO_API_BASE", "nonsense"),
            ("WORKERS_LISTEN", "5002"),
            ("RECORDINGS_DELETE_AT_TWILIO", "maybe"),
            ("WORKERS_INJECT_FAULTS", "true"),
        ] {
            assert_eq!(with(&[(name, value)]).err().map(|e| e.variable).as_deref(), Some(name), "{value}");
        }
        assert!(with(&[("APP_ENV", "development"), ("TWILIO_API_BASE", "http://127.0.0.1:1")]).is_ok());
    }

    #[test]
    fn the_documented_defaults_and_bounds_are_these() -> anyhow::Result<()> {
        let held = prosaas_tests::settings::hold("workers", |more| {
            with(more).map(|config| format!("{config:?}")).map_err(|error| error.variable)
        })?;
        assert!(held >= 7, "{held}");
        Ok(())
    }

    #[test]
    fn the_first_number_must_be_one() {
        let ops = |number| {
            OpsConfig::from_env(&Env::from_pairs([
                ("DATABASE_URL", "postgres://db"),
                ("NATS_URL", "nats://nats"),
                ("TWILIO_PHONE_NUMBER", number),
            ]))
        };
        assert!(ops("+972000000001").is_ok_and(|c| c.first_number.is_some()));
        assert!(ops("").is_ok_and(|c| c.first_number.is_none()));
        let read = ops("03-1234567").ok().and_then(|c| c.first_number).map(String::from);
        assert_eq!(read.as_deref(), Some("+97231234567"), "in any spelling");
        for wrong in ["*2700", "+97254111999", "03-1234567, 03-1234568"] {
            assert_eq!(ops(wrong).err().map(|e| e.variable).as_deref(), Some("TWILIO_PHONE_NUMBER"));
        }
    }

    #[test]
    fn an_admin_has_an_address_and_a_password_or_neither() {
        let ops = |pairs: &[(&'static str, &'static str)]| {
            let base = [("DATABASE_URL", "postgres://db"), ("NATS_URL", "nats://nats")];
            OpsConfig::from_env(&Env::from_pairs(base.iter().chain(pairs).copied()))
        };
        assert!(ops(&[]).is_ok_and(|c| c.admin.is_none()));
        let both = [("ADMIN_EMAIL", "a@b"), ("ADMIN_PASSWORD", "correct horse")];
        assert!(ops(&both).is_ok_and(|c| c.admin.is_some()));
        assert_eq!(ops(&both[..1]).err().map(|e| e.variable).as_deref(), Some("ADMIN_PASSWORD"));
        assert_eq!(ops(&both[1..]).err().map(|e| e.variable).as_deref(), Some("ADMIN_EMAIL"));
    }
}

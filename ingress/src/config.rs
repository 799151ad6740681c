//! The ingress's settings.

use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use prosaas_platform::config::{AppEnv, ConfigError, Env, TelemetryConfig, TwilioConfig};
use prosaas_whatsapp_service as whatsapp_service;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// Loopback, the private ranges of RFC 1918, and unique local IPv6.
const DEFAULT_TRUSTED_PROXIES: &str = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7";

/// Everything the ingress is told from outside.
#[derive(Debug, Clone)]
pub struct Config {
    /// `APP_ENV`.
    pub app_env: AppEnv,
    /// `PUBLIC_URL`: the address that people and Twilio use.
    pub public_url: Url,
    /// `INGRESS_LISTEN`: the public listener.
    pub listen: SocketAddr,
    /// `INGRESS_INTERNAL_LISTEN`: metrics, and facts from the Baileys service.
    pub internal_listen: SocketAddr,
    /// `STATIC_DIR`: the built SPA, where there is no nginx.
    pub static_dir: Option<PathBuf>,
    /// `EVENT_LOG_PATH`: the folder of the local log, on a local disk.
    pub event_log_path: PathBuf,
    /// `EVENT_LOG_MAX_BYTES`: how large the log may grow, default 1 GiB.
    pub event_log_max_bytes: u64,
    /// `DATABASE_URL`.
    pub database_url: SecretString,
    /// `NATS_URL`.
    pub nats_url: SecretString,
    /// Twilio's account and tokens.
    pub twilio: TwilioConfig,
    /// `VALIDATE_TWILIO_SIGNATURE`: `false` only outside production.
    pub validate_signatures: bool,
    /// `TRUSTED_PROXIES`: from whom forwarded headers count, CIDRs with commas between.
    pub trusted_proxies: Vec<IpNet>,
    /// `BAILEYS_BASE_URL`: the WhatsApp service.
    pub baileys_base_url: Url,
    /// `RECORDINGS_URL`: where the workers keep the audio: `file:///…`, `s3://bucket/…` or
    /// `gs://bucket/…`.
    pub recordings_url: Url,
    /// The web app's API.
    pub api: ApiConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// Reads and checks every setting.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let app_env = env.app_env()?;
        let validate_signatures = env.flag("VALIDATE_TWILIO_SIGNATURE", true)?;
        if app_env == AppEnv::Production && !validate_signatures {
            return Err(ConfigError::new(
                "VALIDATE_TWILIO_SIGNATURE",
                "must not be false in production: anybody could forge calls",
            ));
        }
        Ok(Self {
            app_env,
            public_url: env.public_url(app_env)?,
            listen: listen(env, "INGRESS_LISTEN", app_env, "127.0.0.1:5000")?,
            internal_listen: listen(env, "INGRESS_INTERNAL_LISTEN", app_env, "127.0.0.1:5001")?,
            static_dir: env.optional("STATIC_DIR")?.map(PathBuf::from),
            event_log_path: env.path("EVENT_LOG_PATH", app_env, ".data/ingress")?,
            event_log_max_bytes: env.parsed("EVENT_LOG_MAX_BYTES", 1 << 30)?,
            database_url: env.database_url()?,
            nats_url: env.nats_url("ingress")?,
            twilio: TwilioConfig::from_env(env)?,
            validate_signatures,
            trusted_proxies: trusted_proxies(env)?,
            baileys_base_url: whatsapp_service::base_url(env, app_env)?,
            recordings_url: recordings_url(env, app_env)?,
            api: ApiConfig::from_env(env, app_env)?,
            telemetry: TelemetryConfig::from_env(env, app_env)?,
        })
    }
}

/// Settings of the web app's API.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// `INTERNAL_SECRET`: keys are derived from it; the same on every ingress.
    pub internal_secret: SecretString,
    /// `SMTP_URL`: the mail server; without it mails go to the log in development and
    /// nowhere in production.
    pub smtp_url: Option<SecretString>,
    /// `MAIL_FROM`: the sender of mails.
    pub mail_from: Option<String>,
}

impl ApiConfig {
    /// Reads and checks the settings.
    pub fn from_env(env: &Env, app_env: AppEnv) -> Result<Self, ConfigError> {
        let smtp_url = env.optional("SMTP_URL")?.map(SecretString::from);
        let mail_from = env.optional("MAIL_FROM")?;
        if smtp_url.is_some() && mail_from.is_none() {
            return Err(ConfigError::new("MAIL_FROM", "is required where SMTP_URL is set"));
        }
        if app_env == AppEnv::Production && smtp_url.as_ref().is_some_and(|url| !is_encrypted(url)) {
            return Err(ConfigError::new(
                "SMTP_URL",
                "must begin with smtps://, or be smtp:// with ?tls=required, in production: links that set \
                 passwords must not travel in clear",
            ));
        }
        Ok(Self { internal_secret: env.internal_secret(app_env)?, smtp_url, mail_from })
    }
}

/// Whether nothing is said to the mail server before TLS. What is no address at all is
/// refused with its own words later (`api::mail`).
fn is_encrypted(smtp_url: &SecretString) -> bool {
    let Ok(url) = Url::parse(smtp_url.expose_secret().trim()) else { return true };
    match url.scheme() {
        // The first one counts, as for the mail client.
        "smtp" => url.query_pairs().find(|(name, _)| name == "tls").is_some_and(|(_, tls)| tls == "required"),
        _ => true,
    }
}

fn recordings_url(env: &Env, app_env: AppEnv) -> Result<Url, ConfigError> {
    const NAME: &str = "RECORDINGS_URL";
    let url: Option<Url> = match env.optional(NAME)? {
        Some(text) => {
            Some(text.trim().parse().map_err(|e| ConfigError::new(NAME, format!("is no address: {e}")))?)
        }
        None if app_env == AppEnv::Development => {
            std::path::absolute(".data/recordings").ok().and_then(|path| Url::from_directory_path(path).ok())
        }
        None => None,
    };
    let url = url.ok_or_else(|| ConfigError::new(NAME, "is required"))?;
    match url.scheme() {
        "file" | "s3" | "gs" => Ok(url),
        _ => Err(ConfigError::new(NAME, "must begin with file:///, s3:// or gs://")),
    }
}

fn listen(env: &Env, name: &str, app_env: AppEnv, development: &str) -> Result<SocketAddr, ConfigError> {
    env.or_dev(name, app_env, development)?
        .parse()
        .map_err(|_| ConfigError::new(name, "must be an address and a port, such as 0.0.0.0:5000"))
}

fn trusted_proxies(env: &Env) -> Result<Vec<IpNet>, ConfigError> {
    const NAME: &str = "TRUSTED_PROXIES";
    let text = env.optional(NAME)?.unwrap_or_else(|| DEFAULT_TRUSTED_PROXIES.to_owned());
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| ConfigError::new(NAME, "must be addresses or CIDRs with commas between them"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn production<'a>(more: &[(&'a str, &'a str)]) -> Result<Config, ConfigError> {
        let mut pairs = vec![
            ("PUBLIC_URL", "https://prosaas.pro"),
            ("INGRESS_LISTEN", "0.0.0.0:5000"),
            ("INGRESS_INTERNAL_LISTEN", "0.0.0.0:5001"),
            ("EVENT_LOG_PATH", "/data"),
            ("DATABASE_URL", "postgres://db"),
            ("NATS_URL", "nats://nats"),
            ("TWILIO_ACCOUNT_SID", "AC1"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("BAILEYS_BASE_URL", "http://baileys:3300"),
            ("INTERNAL_SECRET", "5b1f0e7c9d2a48364e0b7a5f1c3d9e82"),
            ("RECORDINGS_URL", "file:///data/recordings"),
        ];
        pairs.extend_from_slice(more);
        Config::from_env(&Env::from_pairs(pairs))
    }

    #[test]
    fn production_refuses_unsafe_settings() {
        assert!(production(&[]).is_ok());
        for (name, value) in [
            ("VALIDATE_TWILIO_SIGNATURE", "false"),
            ("PUBLIC_URL", "http://prosaas.pro"),
            ("INTERNAL_SECRET", "short"),
            ("INTERNAL_SECRET", "change-me-change-me-change-me-change-me"),
            ("INTERNAL_SECRET", "00000000000000000000000000000000"),
        ] {
            assert_eq!(production(&[(name, value)]).err().map(|e| e.variable).as_deref(), Some(name));
        }
    }

    #[test]
    fn the_documented_defaults_and_bounds_are_these() -> anyhow::Result<()> {
        let held = prosaas_tests::settings::hold("backend", |more| {
            production(more).map(|config| format!("{config:?}")).map_err(|error| error.variable)
        })?;
        assert!(held >= 7, "{held}");
        Ok(())
    }

    #[test]
    fn production_sends_no_mail_in_clear() {
        let refused = |url| {
            let mail = [("SMTP_URL", url), ("MAIL_FROM", "no-reply@prosaas.example")];
            production(&mail).err().map(|error| error.variable)
        };
        for clear in [
            "smtp://h",
            "SMTP://u:p@h:25",
            "smtp://h?tls=opportunistic",
            "smtp://h?tls=none",
            "smtp://h#tls=required",
            "smtp://h?tls=opportunistic&tls=required",
        ] {
            assert_eq!(refused(clear).as_deref(), Some("SMTP_URL"), "{clear}");
        }
        for encrypted in ["smtps://u:p@h:465", "smtp://u:p@h:587?tls=required"] {
            assert_eq!(refused(encrypted), None, "{encrypted}");
        }
    }

    #[test]
    fn a_missing_variable_is_named() {
        for name in [
            "PUBLIC_URL",
            "EVENT_LOG_PATH",
            "DATABASE_URL",
            "NATS_URL",
            "TWILIO_AUTH_TOKEN",
            "INTERNAL_SECRET",
            "BAILEYS_BASE_URL",
            "RECORDINGS_URL",
        ] {
            assert_eq!(production(&[(name, "")]).err().map(|e| e.variable).as_deref(), Some(name));
        }
    }

    #[test]
    fn development_needs_no_validation_and_takes_defaults() -> anyhow::Result<()> {
        let config = Config::from_env(&Env::from_pairs([
            ("APP_ENV", "development"),
            ("DATABASE_URL", "postgres://db"),
            ("NATS_URL", "nats://nats"),
            ("TWILIO_ACCOUNT_SID", "AC1"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("VALIDATE_TWILIO_SIGNATURE", "false"),
        ]))?;
        assert!(!config.validate_signatures);
        assert_eq!(config.listen.to_string(), "127.0.0.1:5000");
        assert!(
            config.trusted_proxies.iter().any(|net| net.contains(&std::net::IpAddr::from([172, 20, 0, 3])))
        );
        Ok(())
    }
}

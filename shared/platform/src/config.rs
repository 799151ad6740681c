//! Settings from the environment: read once, with errors that name the variable.
//!
//! Nothing else reads the environment. Each binary's own `config` builds its
//! settings from an [`Env`], so that a test needs no real variables.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    str::FromStr,
};

use secrecy::SecretString;
use url::Url;

/// Shortest `INTERNAL_SECRET` in production, characters: 32 random ones are more than
/// 128 bits in every usual alphabet.
const MIN_SECRET: usize = 32;

/// What `INTERNAL_SECRET` is in development when nothing is said.
const DEVELOPMENT_SECRET: &str = "for development only, known to everybody";

/// What examples are made of.
const EXAMPLES: [&str; 6] = ["change", "example", "placeholder", "development", "your-", "xxxx"];

/// Whether a secret seems to be an example's and not random: it holds a word that examples
/// have, or fewer than eight different characters.
pub fn looks_like_an_example(secret: &str) -> bool {
    let lower = secret.to_lowercase();
    let distinct = lower.chars().collect::<HashSet<_>>().len();
    distinct < 8 || EXAMPLES.iter().any(|example| lower.contains(example))
}

/// A setting that is missing or wrong. The value is never shown: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct ConfigError {
    /// The variable.
    pub variable: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl ConfigError {
    /// An error about one variable.
    pub fn new(variable: &str, problem: impl Into<String>) -> Self {
        Self { variable: variable.to_owned(), problem: problem.into() }
    }
}

/// Where we run. Anything that is not said to be development is production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppEnv {
    /// For real: unsafe settings are refused, nothing secret has a default.
    Production,
    /// `make run` and tests.
    Development,
}

/// What `.env.production.example` writes where people must choose a value.
const EXAMPLE: &str = "CHANGE-ME";

/// A snapshot of the environment.
#[derive(Clone, Default)]
pub struct Env {
    vars: HashMap<String, String>,
}

impl Env {
    /// The process's environment. A variable that is not Unicode counts as absent.
    pub fn from_process() -> Self {
        Self {
            vars: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        }
    }

    /// An environment of one's own, for tests.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { vars: pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect() }
    }

    /// The value, where there is one that is not blank. `NAME_FILE` names a file
    /// whose content, less its last line break, is the value. A value that still is
    /// the example's is an error.
    pub fn optional(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let direct = self.vars.get(name).filter(|v| !v.trim().is_empty());
        let file_variable = format!("{name}_FILE");
        let file = self.vars.get(&file_variable).filter(|v| !v.trim().is_empty());
        let value = match (direct, file) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::new(
                    name,
                    format!("set either {name} or {file_variable}, not both"),
                ));
            }
            (Some(value), None) => Some(value.clone()),
            (None, None) => None,
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| ConfigError::new(&file_variable, format!("cannot be read: {e}")))?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned()).filter(|v| !v.is_empty())
            }
        };
        if value.as_ref().is_some_and(|value| value.contains(EXAMPLE)) {
            return Err(ConfigError::new(name, "still is the example's value: choose one"));
        }
        Ok(value)
    }

    /// The value, which must be there.
    pub fn required(&self, name: &str) -> Result<String, ConfigError> {
        self.optional(name)?.ok_or_else(|| ConfigError::new(name, "is required and not set"))
    }

    /// The value, which must be there in production.
    pub fn or_dev(&self, name: &str, app_env: AppEnv, development: &str) -> Result<String, ConfigError> {
        match (self.optional(name)?, app_env) {
            (Some(value), _) => Ok(value),
            (None, AppEnv::Development) => Ok(development.to_owned()),
            (None, AppEnv::Production) => Err(ConfigError::new(name, "is required and not set")),
        }
    }

    /// The value as a type, or a default.
    pub fn parsed<T>(&self, name: &str, default: T) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        match self.optional(name)? {
            None => Ok(default),
            Some(text) => text.trim().parse().map_err(|e| ConfigError::new(name, format!("{e}"))),
        }
    }

    /// `true` or `false`, or a default.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, ConfigError> {
        match self.optional(name)?.as_deref().map(str::trim) {
            None => Ok(default),
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some("false" | "0" | "no" | "off") => Ok(false),
            Some(_) => Err(ConfigError::new(name, "must be true or false")),
        }
    }

    /// `APP_ENV`: `production` (the default) or `development`.
    pub fn app_env(&self) -> Result<AppEnv, ConfigError> {
        match self.optional("APP_ENV")?.as_deref() {
            None | Some("production") => Ok(AppEnv::Production),
            Some("development") => Ok(AppEnv::Development),
            Some(_) => Err(ConfigError::new("APP_ENV", "must be production or development")),
        }
    }

    /// `NATS_URL`. Where it names no user, the user of this process logs in with the
    /// password that nats-server reads too: `NATS_<USER>_PASSWORD`.
    pub fn nats_url(&self, user: &str) -> Result<SecretString, ConfigError> {
        const NAME: &str = "NATS_URL";
        let given = self.required(NAME)?;
        let password_variable = format!("NATS_{}_PASSWORD", user.to_uppercase());
        let Some(password) = self.optional(&password_variable)? else {
            return Ok(SecretString::from(given));
        };
        let mut url: Url =
            given.trim().parse().map_err(|e| ConfigError::new(NAME, format!("is no address: {e}")))?;
        if url.username().is_empty()
            && (url.set_username(user).is_err() || url.set_password(Some(password.trim())).is_err())
        {
            return Err(ConfigError::new(NAME, "must begin with nats:// and name a host"));
        }
        Ok(SecretString::from(url.to_string()))
    }

    /// `DATABASE_URL`.
    pub fn database_url(&self) -> Result<SecretString, ConfigError> {
        self.required("DATABASE_URL").map(SecretString::from)
    }

    /// `PUBLIC_URL`: the address that people and Twilio use. In production by https only.
    pub fn public_url(&self, app_env: AppEnv) -> Result<Url, ConfigError> {
        const NAME: &str = "PUBLIC_URL";
        let url: Url = self
            .or_dev(NAME, app_env, "http://127.0.0.1:5000")?
            .parse()
            .map_err(|e| ConfigError::new(NAME, format!("is no address: {e}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ConfigError::new(NAME, "must begin with https:// and name a host"));
        }
        if app_env == AppEnv::Production && url.scheme() != "https" {
            return Err(ConfigError::new(NAME, "must begin with https:// in production"));
        }
        Ok(url)
    }

    /// `INTERNAL_SECRET`: what our own processes share. Random and long in production.
    pub fn internal_secret(&self, app_env: AppEnv) -> Result<SecretString, ConfigError> {
        const NAME: &str = "INTERNAL_SECRET";
        let secret = self.or_dev(NAME, app_env, DEVELOPMENT_SECRET)?;
        if app_env == AppEnv::Production {
            if secret.chars().count() < MIN_SECRET {
                return Err(ConfigError::new(
                    NAME,
                    format!("must have at least {MIN_SECRET} random characters"),
                ));
            }
            if looks_like_an_example(&secret) {
                return Err(ConfigError::new(
                    NAME,
                    "must be random, not an example: `openssl rand -hex 32` makes one",
                ));
            }
        }
        Ok(SecretString::from(secret))
    }

    /// A path.
    pub fn path(&self, name: &str, app_env: AppEnv, development: &str) -> Result<PathBuf, ConfigError> {
        self.or_dev(name, app_env, development).map(PathBuf::from)
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("variables", &self.vars.len()).finish()
    }
}

/// How a process reports on itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: where traces go (OTLP over HTTP); off when absent.
    pub otlp_endpoint: Option<String>,
    /// `RUST_LOG`: which events are logged, by default `info`, of the NATS client only warnings.
    pub filter: String,
    /// `LOG_FORMAT`: `json` (the default in production) or `pretty`.
    pub json: bool,
}

impl TelemetryConfig {
    /// Reads the three variables.
    pub fn from_env(env: &Env, app_env: AppEnv) -> Result<Self, ConfigError> {
        let json = match env.optional("LOG_FORMAT")?.as_deref() {
            None => app_env == AppEnv::Production,
            Some("json") => true,
            Some("pretty") => false,
            Some(_) => return Err(ConfigError::new("LOG_FORMAT", "must be json or pretty")),
        };
        Ok(Self {
            otlp_endpoint: env.optional("OTEL_EXPORTER_OTLP_ENDPOINT")?,
            filter: env.optional("RUST_LOG")?.unwrap_or_else(|| "info,async_nats=warn".to_owned()),
            json,
        })
    }
}

/// `TWILIO_ACCOUNT_SID`, `TWILIO_AUTH_TOKEN` and the number of the first business.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// `TWILIO_ACCOUNT_SID`: the only account whose webhooks count.
    pub account_sid: prosaas_domain::ids::AccountSid,
    /// `TWILIO_AUTH_TOKEN`: one or, during rotation, two with a comma between them, the new one first.
    pub auth_tokens: Vec<SecretString>,
}

impl TwilioConfig {
    /// Reads and checks the variables.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let account_sid = env
            .required("TWILIO_ACCOUNT_SID")?
            .trim()
            .parse()
            .map_err(|e| ConfigError::new("TWILIO_ACCOUNT_SID", format!("{e}")))?;
        let auth_tokens: Vec<_> = env
            .required("TWILIO_AUTH_TOKEN")?
            .split(',')
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(SecretString::from)
            .collect();
        if auth_tokens.is_empty() {
            return Err(ConfigError::new("TWILIO_AUTH_TOKEN", "is required and not set"));
        }
        Ok(Self { account_sid, auth_tokens })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn what_is_not_said_to_be_development_is_production() {
        assert_eq!(Env::default().app_env(), Ok(AppEnv::Production));
        assert_eq!(Env::from_pairs([("APP_ENV", "development")]).app_env(), Ok(AppEnv::Development));
        assert!(Env::from_pairs([("APP_ENV", "dev")]).app_env().is_err());
    }

    #[test]
    fn an_error_names_the_variable_and_not_its_value() {
        let env = Env::from_pairs([("PORT", "s3cret")]);
        let error = env.parsed::<u16>("PORT", 1).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.starts_with("PORT: ") && !error.contains("s3cret"), "{error}");
        assert_eq!(env.required("NATS_URL").err().map(|e| e.variable), Some("NATS_URL".to_owned()));
    }

    #[test]
    fn an_example_s_value_is_refused_by_name() {
        let env = Env::from_pairs([("DATABASE_URL", "postgres://prosaas:CHANGE-ME@db/prosaas")]);
        assert_eq!(env.database_url().err().map(|e| e.variable).as_deref(), Some("DATABASE_URL"));
    }

    #[test]
    fn the_user_of_nats_has_a_password_of_its_own() -> anyhow::Result<()> {
        let url = |pairs: &[(&'static str, &'static str)]| {
            let url = Env::from_pairs(pairs.iter().copied()).nats_url("ingress")?;
            Ok::<_, ConfigError>(url.expose_secret().to_owned())
        };
        let password = ("NATS_INGRESS_PASSWORD", "p-1");
        assert_eq!(url(&[("NATS_URL", "nats://nats:4222"), password])?, "nats://ingress:p-1@nats:4222");
        assert_eq!(url(&[("NATS_URL", "nats://a:b@nats:4222"), password])?, "nats://a:b@nats:4222");
        assert_eq!(url(&[("NATS_URL", "nats://nats:4222")])?, "nats://nats:4222");
        for wrong in ["nats:4222", "nonsense"] {
            assert_eq!(
                url(&[("NATS_URL", wrong), password]).err().map(|e| e.variable).as_deref(),
                Some("NATS_URL")
            );
        }
        let example = url(&[("NATS_URL", "nats://nats"), ("NATS_INGRESS_PASSWORD", "CHANGE-ME")]);
        assert_eq!(example.err().map(|e| e.variable).as_deref(), Some("NATS_INGRESS_PASSWORD"));
        Ok(())
    }

    #[test]
    fn a_secret_can_stand_in_a_file() -> anyhow::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), "token-1, token-2\n")?;
        let path = file.path().to_string_lossy().into_owned();
        let env = Env::from_pairs([("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_AUTH_TOKEN_FILE", path.as_str())]);
        let tokens = TwilioConfig::from_env(&env)?.auth_tokens;
        let tokens: Vec<_> = tokens.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(tokens, ["token-1", "token-2"]);
        Ok(())
    }
}

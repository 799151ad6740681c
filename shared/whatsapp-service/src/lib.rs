//! The WhatsApp service (`baileys/`), as the ingress and the workers call it: signed, and
//! never waiting for long.

#![warn(missing_docs)]

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, WhatsappSessionId},
    phone::E164,
};
use prosaas_events::whatsapp::WhatsappState;
use prosaas_platform::{
    clock::SharedClock,
    config::{AppEnv, ConfigError, Env},
    internal_auth::{self, Request},
};
use reqwest::{Client, Method, Response, StatusCode, header, redirect};
use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::Url;

/// The setting that says where it is.
const VARIABLE: &str = "BAILEYS_BASE_URL";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// What only reads answers from memory.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// Starting takes a lease in Postgres.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Unlinking waits up to 8 s for WhatsApp.
const UNLINK_TIMEOUT: Duration = Duration::from_secs(15);
/// A pairing code waits up to 12 s for the first QR code, and 6 s for WhatsApp to take the request.
const CODE_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a call brought nothing. Addresses are left out: this is logged.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Nobody answers there, or not in time.
    #[error("the WhatsApp service cannot be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// It answered that it cannot or will not.
    #[error("the WhatsApp service answered {status}: {reason}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// How the session stands, where it says so.
        state: Option<WhatsappState>,
        /// Why, in words for the log.
        reason: String,
        /// The same as a stable code, where there is one.
        code: Option<String>,
    },
    /// What came back is not what was agreed.
    #[error("the WhatsApp service's answer cannot be read")]
    Unreadable,
    /// No request could be made.
    #[error("no request to the WhatsApp service could be signed")]
    Unsigned,
}

impl ServiceError {
    /// Whether the same call may succeed later without anybody doing anything: it is
    /// away, overloaded, another process of it still holds the session, or secrets and
    /// clocks do not agree yet.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status >= 500 || matches!(status, 401 | 408 | 409 | 425 | 429),
            Self::Unreachable(_) | Self::Unreadable | Self::Unsigned => true,
        }
    }
}

/// How the service sees a session.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Its state.
    pub state: WhatsappState,
    /// When that began.
    #[serde(default)]
    pub since: Option<DateTime<Utc>>,
    /// Whether a phone has confirmed the device.
    #[serde(default)]
    pub linked: bool,
    /// WhatsApp's last code.
    #[serde(default)]
    pub last_code: Option<i32>,
    /// The last reason, in words.
    #[serde(default)]
    pub reason: Option<String>,
    /// The same as a stable code.
    #[serde(default)]
    pub reason_code: Option<String>,
    /// Before when it tries nothing.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

/// A QR code to show.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Qr {
    /// Its text, passed on as it is. Never logged: who scans it links.
    pub qr: String,
    /// Until when it can be scanned.
    pub expires_at: DateTime<Utc>,
}

/// A code to type on the phone.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PairingCode {
    /// Eight characters. Never logged.
    pub code: String,
    /// Until when it can be typed.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for Qr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qr").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairingCode").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A problem as the service answers it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceProblem {
    #[serde(default)]
    state: Option<WhatsappState>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    reason_code: Option<String>,
}

#[derive(Serialize)]
struct ForBusiness<'a> {
    business_id: BusinessId,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a E164>,
}

/// `BAILEYS_BASE_URL`, by default `http://127.0.0.1:3300` in development.
pub fn base_url(env: &Env, app_env: AppEnv) -> Result<Url, ConfigError> {
    let url: Url = env
        .or_dev(VARIABLE, app_env, "http://127.0.0.1:3300")?
        .trim()
        .parse()
        .map_err(|e| ConfigError::new(VARIABLE, format!("is no address: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(ConfigError::new(VARIABLE, "must begin with http:// or https:// and name a host"));
    }
    Ok(url)
}

/// A client of the service; cheap to clone.
#[derive(Clone)]
pub struct WhatsappService {
    base: Url,
    secret: SecretString,
    clock: SharedClock,
    client: Client,
}

impl WhatsappService {
    /// A client that signs with `INTERNAL_SECRET`. The TLS provider must be installed.
    pub fn new(base: Url, secret: SecretString, clock: SharedClock) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("prosaas/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { base, secret, clock, client })
    }

    /// Links the session or brings it back; nothing happens where that is under way.
    pub async fn start(
        &self,
        session: WhatsappSessionId,
        business: BusinessId,
    ) -> Result<ServiceStatus, ServiceError> {
        let body = ForBusiness { business_id: business, phone: None };
        read(self.post(session, "start", Some(&body), START_TIMEOUT).await?).await
    }

    /// The QR code that can be scanned now.
    pub async fn qr(&self, session: WhatsappSessionId) -> Result<Qr, ServiceError> {
        let path = format!("/sessions/{session}/qr");
        read(self.send(Method::GET, &path, None, READ_TIMEOUT).await?).await
    }

    /// A code that the owner of that phone types there.
    pub async fn pairing_code(
        &self,
        session: WhatsappSessionId,
        business: BusinessId,
        phone: &E164,
    ) -> Result<PairingCode, ServiceError> {
        let body = ForBusiness { business_id: business, phone: Some(phone) };
        read(self.post(session, "pairing-code", Some(&body), CODE_TIMEOUT).await?).await
    }

    /// How the service sees the session.
    pub async fn status(&self, session: WhatsappSessionId) -> Result<ServiceStatus, ServiceError> {
        let path = format!("/sessions/{session}/status");
        read(self.send(Method::GET, &path, None, READ_TIMEOUT).await?).await
    }

    /// Unlinks, as soon as WhatsApp hears it, and forgets the credentials then.
    pub async fn logout(&self, session: WhatsappSessionId) -> Result<ServiceStatus, ServiceError> {
        read(self.post(session, "logout", None, UNLINK_TIMEOUT).await?).await
    }

    /// Forgets everything at once; unlinks only where WhatsApp hears it now.
    pub async fn delete(&self, session: WhatsappSessionId) -> Result<(), ServiceError> {
        let path = format!("/sessions/{session}");
        self.send(Method::DELETE, &path, None, UNLINK_TIMEOUT).await.map(drop)
    }

    /// Whether it answers.
    pub async fn health(&self) -> Result<(), ServiceError> {
        self.send(Method::GET, "/health", None, READ_TIMEOUT).await.map(drop)
    }

    async fn post(
        &self,
        session: WhatsappSessionId,
        action: &str,
        body: Option<&ForBusiness<'_>>,
        limit: Duration,
    ) -> Result<Response, ServiceError> {
        self.send(Method::POST, &format!("/sessions/{session}/{action}"), body, limit).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&ForBusiness<'_>>,
        limit: Duration,
    ) -> Result<Response, ServiceError> {
        let body = match body {
            Some(body) => serde_json::to_vec(body).map_err(|_| ServiceError::Unsigned)?,
            None => Vec::new(),
        };
        let url = self.base.join(path).map_err(|_| ServiceError::Unsigned)?;
        let request = Request { method: method.as_str(), path_and_query: path, body: &body };
        let signature = internal_auth::sign(&self.secret, request, self.clock.now())
            .map_err(|_| ServiceError::Unsigned)?;
        let mut asking = self.client.request(method, url).timeout(limit);
        for (name, value) in signature.headers() {
            asking = asking.header(name, value);
        }
        if !body.is_empty() {
            asking = asking.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let response = asking.send().await.map_err(|error| ServiceError::Unreachable(error.without_url()))?;
        if response.status().is_success() { Ok(response) } else { Err(refused(response).await) }
    }
}

impl fmt::Debug for WhatsappService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhatsappService").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ServiceError> {
    response.json().await.map_err(|_| ServiceError::Unreadable)
}

async fn refused(response: Response) -> ServiceError {
    let status: StatusCode = response.status();
    let problem: ServiceProblem = response.json().await.unwrap_or_default();
    let words = problem.reason.or(problem.error);
    ServiceError::Refused {
        status: status.as_u16(),
        state: problem.state,
        reason: words.unwrap_or_else(|| "it gave no reason".to_owned()).chars().take(300).collect(),
        code: problem.reason_code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_has_a_default_in_development_only() {
        let read = |app_env, value| base_url(&Env::from_pairs([(VARIABLE, value)]), app_env);
        let default = read(AppEnv::Development, "").map(|url| url.to_string());
        assert_eq!(default.as_deref(), Ok("http://127.0.0.1:3300/"));
        for (app_env, wrong) in [
            (AppEnv::Production, ""),
            (AppEnv::Production, "baileys:3300"),
            (AppEnv::Development, "unix:/run/x"),
        ] {
            assert_eq!(read(app_env, wrong).err().map(|e| e.variable).as_deref(), Some(VARIABLE), "{wrong}");
        }
        assert!(read(AppEnv::Production, "http://baileys:3300").is_ok());
    }

    #[test]
    fn what_may_pass_is_told_from_what_stays() {
        let refused =
            |status| ServiceError::Refused { status, state: None, reason: String::new(), code: None };
        for (status, wanted) in [(503, true), (401, true), (409, true), (400, false), (404, false)] {
            assert_eq!(refused(status).may_pass(), wanted, "{status}");
        }
    }

    #[test]
    fn what_links_is_not_printed() {
        let qr = Qr { qr: "2@secret".to_owned(), expires_at: DateTime::UNIX_EPOCH };
        let code = PairingCode { code: "ABCD1234".to_owned(), expires_at: DateTime::UNIX_EPOCH };
        let printed = format!("{qr:?} {code:?}");
        assert!(!printed.contains("secret") && !printed.contains("ABCD"), "{printed}");
    }
}

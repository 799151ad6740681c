//! An ingress without listeners, in front of a database of its own.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use arc_swap::ArcSwap;
use async_nats::Client;
use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode, header};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Role,
};
use prosaas_event_log::{EventLog, EventLogConfig, publish::Publisher, pump};
use prosaas_ingress::{
    config::Config,
    http::keys::hash_token,
    router::public_router,
    serve::{self, Backends},
    services::call_directory::Directory,
    state::{App, Pools},
};
use prosaas_platform::{bus, clock, config::Env, process::install_tls_provider, store};
use prosaas_tests::{postgres::Database, scratch::Scratch};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

/// A business, an id that everything of it is derived from.
pub const OWN: BusinessId = BusinessId(Uuid::from_u128(0xa0));
/// Another business.
pub const FOREIGN: BusinessId = BusinessId(Uuid::from_u128(0xb0));

/// An ingress for one test.
pub struct World {
    pub app: App,
    /// The test's own way to the database.
    pub pool: PgPool,
    pub scratch: Scratch,
    /// The log that commands are kept in.
    pub log: EventLog,
    router: Router,
    stop: CancellationToken,
    _database: Database,
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: UserId,
    pub session: Uuid,
    pub business: Option<BusinessId>,
    token: String,
}

impl Login {
    /// Somebody without a cookie.
    pub fn nobody(business: Option<BusinessId>) -> Self {
        Self { user: UserId(Uuid::nil()), session: Uuid::nil(), business, token: String::new() }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    /// Without NATS: commands are accepted and stay pending.
    pub async fn new() -> Result<Self> {
        Self::on("nats://ingress:none@127.0.0.1:9").await
    }

    /// With NATS at this address.
    pub async fn on(nats: &str) -> Result<Self> {
        install_tls_provider();
        let (scratch, database) = (Scratch::new()?, Database::create().await?);
        let pool = database.pool().await?;
        store::migrate(&pool).await?;
        let (events, recordings) = (scratch.folder("events")?, scratch.folder("recordings")?);
        let url = database.url();
        let events_text = events.display().to_string();
        let recordings = format!("file://{}", recordings.display());
        let config = Config::from_env(&Env::from_pairs([
            ("APP_ENV", "development"),
            ("DATABASE_URL", url.as_str()),
            ("NATS_URL", nats),
            ("TWILIO_ACCOUNT_SID", "AC1"),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("EVENT_LOG_PATH", events_text.as_str()),
            ("RECORDINGS_URL", recordings.as_str()),
            // Nobody listens there.
            ("BAILEYS_BASE_URL", "http://127.0.0.1:9"),
        ]))?;
        let log = EventLog::open(EventLogConfig::new(&events), clock::system()).await?;
        let client: Client = bus::connect(&SecretString::from(nats), bus::Role::Ingress).await?;
        let stop = CancellationToken::new();
        let pump = pump::spawn(log.clone(), client.clone(), stop.clone()).status();
        let directory = Arc::new(ArcSwap::from_pointee(Directory::of([])));
        // One connection, so that a test can look at the statements that were prepared on it.
        let served = store::connect(&SecretString::from(url), 1).await?;
        let backends =
            Backends { nats: client, pools: Pools::shared(&served), log: log.clone(), pump, directory };
        let app = serve::app(&config, backends, Publisher::new(log.clone()))?;
        tokio::spawn(app.api.live.clone().follow(stop.clone()));
        let router = public_router(app.clone());
        Ok(Self { app, pool, scratch, log, router, stop, _database: database })
    }

    /// Runs statements.
    pub async fn sql(&self, statements: impl Into<String>) -> Result<()> {
        let statements: String = statements.into();
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&self.pool).await?;
        Ok(())
    }

    /// The two businesses.
    pub async fn businesses(&self) -> Result<()> {
        for (business, name) in [(OWN, "מספרת דנה"), (FOREIGN, "Other")] {
            sqlx::query("INSERT INTO prosaas.businesses (id, name) VALUES ($1, $2)")
                .bind(business.0)
                .bind(name)
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }

    /// Somebody of this role, logged in.
    pub async fn login(&self, business: Option<BusinessId>, role: Role) -> Result<Login> {
        let (user, session) = (Uuid::now_v7(), Uuid::now_v7());
        let token = format!("token-{session}");
        sqlx::query(
            "INSERT INTO prosaas.users (id, business_id, email, name, role) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(user)
        .bind(business.map(|business| business.0))
        .bind(format!("{user}@example.com"))
        .bind(format!("A {}", role.as_str()))
        .bind(role.as_str())
        .execute(&self.pool)
        .await?;
        sqlx::query(
            "INSERT INTO prosaas.user_sessions (id, user_id, token_hash, expires_at)
             VALUES ($1, $2, $3, now() + interval '1 hour')",
        )
        .bind(session)
        .bind(user)
        .bind(hash_token(&token).as_slice())
        .execute(&self.pool)
        .await?;
        Ok(Login { user: UserId(user), session, business, token })
    }

    /// Sends a request and gives the answer whose body is still to be read.
    pub async fn open(
        &self,
        who: &Login,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<axum::response::Response> {
        let mut request = Request::builder().method(method).uri(path);
        if !who.token.is_empty() {
            request = request.header(header::COOKIE, format!("prosaas_session={}", who.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        Ok(self.router.clone().oneshot(request.body(body)?).await?)
    }

    /// Sends a request and reads the answer.
    pub async fn send(
        &self,
        who: &Login,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer> {
        let (parts, body) = self.open(who, method, path, headers, body).await?.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await?.to_vec();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// A GET.
    pub async fn get(&self, who: &Login, path: &str) -> Result<Answer> {
        self.send(who, Method::GET, path, &[], None).await
    }

    /// A GET that must succeed.
    pub async fn read(&self, who: &Login, path: &str) -> Result<Value> {
        let answer = self.get(who, path).await?;
        anyhow::ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.json());
        Ok(answer.json())
    }

    /// A POST.
    pub async fn post(&self, who: &Login, path: &str, body: Value) -> Result<Answer> {
        self.send(who, Method::POST, path, &[], Some(&body)).await
    }

    /// Walks a list from page to page, and gives what `pick` takes from each row.
    pub async fn walk(&self, who: &Login, path: &str, limit: u32, pick: &str) -> Result<Vec<String>> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        let joint = if path.contains('?') { '&' } else { '?' };
        for _ in 0..1_000 {
            let page = self.read(who, &format!("{path}{joint}limit={limit}{cursor}")).await?;
            for item in page["items"].as_array().context("items")? {
                found.push(item.pointer(pick).and_then(Value::as_str).unwrap_or("-").to_owned());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(found),
            }
        }
        anyhow::bail!("the list does not end")
    }

    /// The test passed: its folder can go.
    pub fn passed(self) {
        self.scratch.passed();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The fields that a problem names, with their codes.
pub fn findings(answer: &Answer) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let json = answer.json();
    let errors = json["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| (word(&error["field"]), word(&error["code"]))).collect()
}

/// The problem's type.
pub fn problem(answer: &Answer) -> (u16, String) {
    let kind = answer.json()["type"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), kind)
}

/// An empty object.
pub fn nothing() -> Value {
    json!({})
}

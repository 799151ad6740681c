//! An ingress without listeners, over a database of its own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use arc_swap::ArcSwap;
use axum::{Router, body::Body, extract::ConnectInfo};
use http::{HeaderMap, Method, Request, StatusCode, header};
use prosaas_accounts::people::{self, NewPerson};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Role,
};
use prosaas_event_log::{EventLog, EventLogConfig, publish::Publisher, pump};
use prosaas_ingress::{
    config::ApiConfig,
    router::public_router,
    services::{
        answers_given::AnsweredCalls,
        rate_limit::{Quotas, RateLimits},
    },
    state::{ApiState, App, AppState, Pools, Readiness},
};
use prosaas_platform::{bus, clock, config::AppEnv, objects::Objects, store};
use prosaas_tests::postgres::Database;
use prosaas_twilio::Validator;
use prosaas_whatsapp_service::WhatsappService;
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{Connection as _, PgPool, Row as _};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::mailbox::Mailbox;

pub const PASSWORD: &str = "correct horse battery";

/// An ingress and what it stands on.
pub struct Ingress {
    pub pool: PgPool,
    pools: Pools,
    pub mailbox: Mailbox,
    router: Router,
    log_folder: TempDir,
    _log: EventLog,
    database: Database,
    stopping: CancellationToken,
}

impl Drop for Ingress {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

impl Ingress {
    pub async fn start() -> Result<Self> {
        Self::with(|_| ()).await
    }

    /// One that differs.
    pub async fn with(change: impl FnOnce(&mut ApiState)) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = Database::create().await?;
        let pool = store::connect(&SecretString::from(database.direct_url().to_string()), 20).await?;
        store::migrate(&pool).await?;
        let mailbox = Mailbox::open().await?;
        let log_folder = TempDir::new()?;
        let log_config = EventLogConfig {
            min_free_bytes: 1,
            ballast_bytes: 4096,
            ..EventLogConfig::new(log_folder.path())
        };
        let log = EventLog::open(log_config, clock::system()).await?;
        // Nobody listens there: commands stay in the log.
        let nats = bus::connect(&SecretString::from("nats://127.0.0.1:9"), bus::Role::Ingress).await?;
        let config = ApiConfig {
            internal_secret: SecretString::from("a secret of tests, long enough for all"),
            smtp_url: Some(SecretString::from(mailbox.url.clone())),
            mail_from: Some("ProSaaS <no-reply@prosaas.example>".to_owned()),
        };
        let public_url: url::Url = "http://127.0.0.1:5000".parse()?;
        // Nobody listens there either.
        let whatsapp = WhatsappService::new(
            "http://127.0.0.1:9".parse()?,
            config.internal_secret.clone(),
            clock::system(),
        )?;
        let pools = Pools::connect(&SecretString::from(database.direct_url().to_string())).await?;
        let mut api = ApiState::new(
            &config,
            &public_url,
            AppEnv::Development,
            whatsapp.clone(),
            &pools,
            nats.clone(),
            log.clone(),
            Objects::open(&format!("file://{}", log_folder.path().join("recordings").display()).parse()?)?,
        )?;
        change(&mut api);
        let stopping = CancellationToken::new();
        let pump = pump::spawn(log.clone(), nats.clone(), stopping.clone()).status();
        let app = App::new(AppState {
            clock: clock::system(),
            validate_signatures: true,
            validator: Validator::new(&[SecretString::from("token")]),
            account_sid: "AC1".parse()?,
            trusted_proxies: vec!["127.0.0.0/8".parse()?],
            public_url,
            directory: Arc::new(ArcSwap::default()),
            answered: AnsweredCalls::default(),
            publisher: Publisher::new(log.clone()),
            readiness: Readiness { nats, database: pools.health.clone(), log: log.clone(), pump, whatsapp },
            static_dir: None,
            api,
        });
        Ok(Self {
            pool,
            pools,
            mailbox,
            router: public_router(app),
            log_folder,
            _log: log,
            database,
            stopping,
        })
    }

    pub async fn business(&self, name: &str) -> Result<BusinessId> {
        let id = BusinessId(Uuid::now_v7());
        sqlx::query("INSERT INTO prosaas.businesses (id, name) VALUES ($1, $2)")
            .bind(id.0)
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(id)
    }

    /// A person whose address is `<name>@shop.example` and whose password is [`PASSWORD`].
    pub async fn person(&self, name: &str, role: Role, business: Option<BusinessId>) -> Result<UserId> {
        let email = format!("{name}@shop.example");
        let password = SecretString::from(PASSWORD);
        let person = NewPerson { business, email: &email, name, role, password: &password };
        Ok(people::create(&self.pool, &person).await?)
    }

    /// Logs somebody in from an address of a test network.
    pub async fn log_in(&self, name: &str) -> Result<Client<'_>> {
        let mut client = Client { ingress: self, cookie: None, ip: "203.0.113.1".to_owned() };
        let answer = client.try_password(name, PASSWORD).await?;
        ensure!(answer.status == StatusCode::OK, "{name} cannot log in: {}", answer.body);
        client.cookie = Some(answer.cookie().context("no cookie")?);
        Ok(client)
    }

    /// Nobody, at an address.
    pub fn stranger(&self, ip: &str) -> Client<'_> {
        Client { ingress: self, cookie: None, ip: ip.to_owned() }
    }

    /// What the log holds: subjects and events, in order.
    pub async fn kept(&self) -> Result<Vec<(String, Value)>> {
        let file = self.log_folder.path().join("slot-0").join("events.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
        let rows = sqlx::query("SELECT subject, payload FROM events ORDER BY seq")
            .fetch_all(&mut connection)
            .await?;
        rows.into_iter()
            .map(|row| {
                let payload: Vec<u8> = row.try_get("payload")?;
                Ok((row.try_get("subject")?, serde_json::from_slice(&payload)?))
            })
            .collect()
    }

    /// The name of its database.
    pub fn database(&self) -> &str {
        self.database.name()
    }

    pub async fn count(&self, query: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(&self.pool).await?)
    }

    pub async fn run(&self, statement: &'static str) -> Result<u64> {
        Ok(sqlx::query(statement).execute(&self.pool).await?.rows_affected())
    }

    /// The database is gone for everybody.
    pub async fn lose_database(&self) -> Result<()> {
        for pool in [&self.pool, &self.pools.api, &self.pools.logins, &self.pools.health] {
            pool.close().await;
        }
        Ok(())
    }
}

/// A browser.
#[derive(Clone)]
pub struct Client<'a> {
    ingress: &'a Ingress,
    pub cookie: Option<String>,
    pub ip: String,
}

/// An answer that was read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The session's cookie, `name=value`.
    pub fn cookie(&self) -> Option<String> {
        let set = self.headers.get(header::SET_COOKIE)?.to_str().ok()?;
        Some(set.split(';').next()?.to_owned())
    }

    /// The problem's kind.
    pub fn kind(&self) -> &str {
        self.body.get("type").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Client<'_> {
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(Method::DELETE, path, None, &[]).await
    }

    pub async fn try_password(&self, name: &str, password: &str) -> Result<Answer> {
        let email = format!("{name}@shop.example");
        self.post("/api/auth/login", serde_json::json!({ "email": email, "password": password })).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header("x-forwarded-for", &self.ip);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(serde_json::to_vec(&body)?)
            }
            None => Body::empty(),
        };
        let mut request = request.body(body)?;
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4711))));
        let answer = self.ingress.router.clone().oneshot(request).await?;
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

/// Limits that a test reaches.
pub fn tight() -> RateLimits {
    use prosaas_ingress::services::rate_limit::Quota;
    let quota = |burst| Quota { burst, every: Duration::from_mins(10) };
    RateLimits::new(Quotas {
        address: quota(50),
        session: quota(4),
        mail: quota(2),
        linking: quota(2),
        bulk: quota(3),
    })
}

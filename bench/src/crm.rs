//! The CRM at volume: how long lists, searches and details of a business with 200,000
//! leads and 1,000,000 calls take, and how long after its commit a change is on the screen.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use prosaas_accounts::people::{self, NewPerson};
use prosaas_domain::{ids::BusinessId, rights::Role};
use reqwest::{Client, Response, header};
use secrecy::SecretString;
use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, postgres::PgListener};
use uuid::Uuid;

use crate::{
    config_change::{setup, start_workers},
    contestant::{Surroundings, ingress_environment},
    process::{Process, Start, free_address},
};

/// The large business of `sql/crm_volume.sql`.
const LARGE: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);

const VOLUME: &str = include_str!("../sql/crm_volume.sql");

/// Tells of an operation at the moment of its commit.
const TELL: &str = "CREATE FUNCTION public.bench_tell() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_notify('bench', NEW.entity_id::text); RETURN NULL; END $$;
    CREATE TRIGGER bench_tell AFTER INSERT ON prosaas.operations
        FOR EACH ROW EXECUTE FUNCTION public.bench_tell()";

/// Longest wait for an update.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Plan {
    /// Leads of the large business.
    pub leads: u32,
    /// Its calls.
    pub calls: u32,
    /// Requests of each kind.
    pub requests: u32,
    /// Changes whose update is awaited.
    pub changes: u32,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Of how much.
    pub plan: Plan,
    /// Writing all of it, s.
    pub filled_s: f64,
    /// Each kind of request, its times sorted, ms.
    pub reads_ms: Vec<(&'static str, Vec<f64>)>,
    /// From a change's commit until a browser has it, sorted, ms.
    pub live_ms: Vec<f64>,
}

/// Fills the database, and measures.
pub async fn measure(around: &Surroundings<'_>, plan: Plan) -> anyhow::Result<Outcome> {
    let folder = around.folder.join("crm");
    std::fs::create_dir_all(&folder)?;
    setup(around, &folder).await?;
    let filled_s = fill(around, plan).await?;
    let workers = start_workers(around, &folder)?;
    let (ingress, address) = start_ingress(around, &folder).await?;
    let browser = Browser::log_in(around, address).await?;
    let reads_ms = reads(&browser, plan).await?;
    let live_ms = live(around, &browser, plan.changes).await?;
    ingress.stop().await?;
    workers.stop().await?;
    Ok(Outcome { plan, filled_s, reads_ms, live_ms })
}

async fn fill(around: &Surroundings<'_>, plan: Plan) -> anyhow::Result<f64> {
    let began = Instant::now();
    let (rows, figures) = VOLUME.split_once("VACUUM").context("the figures are collected at the end")?;
    let mut connection = PgConnection::connect(&around.database.url).await?;
    let sizes = format!("SET volume.leads = {}; SET volume.calls = {};", plan.leads, plan.calls);
    sqlx::raw_sql(AssertSqlSafe(format!("{sizes} {rows}"))).execute(&mut connection).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("VACUUM{figures}"))).execute(&mut connection).await?;
    sqlx::raw_sql(TELL).execute(&mut connection).await?;
    Ok(began.elapsed().as_secs_f64())
}

/// As in production but for the limits of a session's rate: one person asks here for many.
async fn start_ingress(around: &Surroundings<'_>, folder: &Path) -> anyhow::Result<(Process, SocketAddr)> {
    let address = free_address()?;
    let mut environment = ingress_environment(around, address, folder)?;
    environment.retain(|(name, _)| *name != "APP_ENV");
    environment.push(("APP_ENV", "development".to_owned()));
    let mut process = Process::start(Start {
        name: "prosaas-ingress",
        program: &around.settings.programs.join("prosaas-ingress"),
        arguments: Vec::new(),
        environment,
        folder,
        errors: &folder.join("ingress.log"),
    })?;
    process.listening(address).await?;
    Ok((process, address))
}

/// Somebody of the large business.
struct Browser {
    http: Client,
    base: String,
    cookie: String,
}

impl Browser {
    async fn log_in(around: &Surroundings<'_>, address: SocketAddr) -> anyhow::Result<Self> {
        let password = Uuid::new_v4().to_string();
        let (email, secret) = ("agent@bench.example", SecretString::from(password.clone()));
        let business = Some(BusinessId(LARGE));
        let person = NewPerson { business, email, name: "Bench", role: Role::Agent, password: &secret };
        people::create(&PgPool::connect(&around.database.url).await?, &person).await?;
        let mut browser =
            Self { http: Client::new(), base: format!("http://{address}"), cookie: String::new() };
        let login = serde_json::json!({ "email": email, "password": password });
        let answer = browser.post("/api/auth/login", &login).await?;
        let cookie = answer.headers().get(header::SET_COOKIE).context("no cookie")?.to_str()?;
        cookie.split(';').next().unwrap_or_default().clone_into(&mut browser.cookie);
        Ok(browser)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Response> {
        let request = self.http.get(format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie);
        let answer = request.send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(answer)
    }

    async fn post(&self, path: &str, body: &serde_json::Value) -> anyhow::Result<Response> {
        let request = self.http.post(format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie);
        let answer = request.json(body).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(answer)
    }
}

/// A kind of request, and its `n`-th path.
type Kind = (&'static str, fn(u32) -> String);

const KINDS: [Kind; 8] = [
    ("leads, the newest", |_| "/api/leads".to_owned()),
    ("leads by name", |_| "/api/leads?sort=name".to_owned()),
    ("search: a name in Hebrew", |n| format!("/api/leads?q=%D7%93%D7%A0%D7%94+{}", 1 + n * 12)),
    ("search: part of a number", |n| format!("/api/leads?q=05{:08}", 1 + n * 7)),
    ("search: a frequent name", |_| "/api/leads?q=%D7%9B%D7%94%D7%9F".to_owned()),
    ("a lead", |n| format!("/api/leads/00000001-0000-7000-8000-{:012x}", 1 + n * 11)),
    ("a lead's timeline", |n| format!("/api/leads/00000001-0000-7000-8000-{:012x}/timeline", 1 + n * 11)),
    ("calls, the latest", |_| "/api/calls".to_owned()),
];

async fn reads(browser: &Browser, plan: Plan) -> anyhow::Result<Vec<(&'static str, Vec<f64>)>> {
    let mut found = Vec::new();
    for (kind, path) in KINDS {
        // Postgres reads its pages from the disk the first time, as it does in real life once.
        for n in 0..3 {
            browser.get(&path(n)).await?.bytes().await?;
        }
        let mut times = Vec::new();
        for n in 0..plan.requests {
            let began = Instant::now();
            browser.get(&path(n)).await?.bytes().await?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        found.push((kind, times));
    }
    Ok(found)
}

/// When what was seen, by the lead's id.
type Seen = Arc<Mutex<HashMap<String, Instant>>>;

fn see(seen: &Seen, id: &str) {
    let now = Instant::now();
    seen.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_insert(now);
}

/// Makes leads, and compares when Postgres told of the commit with when the stream had it.
async fn live(around: &Surroundings<'_>, browser: &Browser, changes: u32) -> anyhow::Result<Vec<f64>> {
    let (committed, shown) = (Seen::default(), Seen::default());
    let mut listener = PgListener::connect(&around.database.url).await?;
    listener.listen("bench").await?;
    let told = committed.clone();
    let listening = tokio::spawn(async move {
        while let Ok(notice) = listener.recv().await {
            see(&told, notice.payload());
        }
    });
    let mut stream = browser.get("/api/live").await?.bytes_stream();
    let told = shown.clone();
    let streaming = tokio::spawn(async move {
        let mut text = String::new();
        while let Some(Ok(piece)) = stream.next().await {
            text.push_str(&String::from_utf8_lossy(&piece));
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or_default();
                let update: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
                if let Some(id) = update.get("id").and_then(serde_json::Value::as_str) {
                    see(&told, id);
                }
            }
        }
    });
    let mut made = Vec::new();
    for number in 0..changes {
        let body = serde_json::json!({ "name": format!("change {number}") });
        let answer: serde_json::Value = browser.post("/api/leads", &body).await?.json().await?;
        let lead = answer.pointer("/operation/entity_id").and_then(serde_json::Value::as_str);
        made.push(lead.context("an operation names its lead")?.to_owned());
        tokio::time::sleep(Duration::from_millis(u64::from(20 + number * 7 % 30))).await;
    }
    let delays = compare(&made, &committed, &shown).await;
    listening.abort();
    streaming.abort();
    delays
}

async fn compare(made: &[String], committed: &Seen, shown: &Seen) -> anyhow::Result<Vec<f64>> {
    let began = Instant::now();
    loop {
        let delays: Option<Vec<f64>> = {
            let committed = committed.lock().unwrap_or_else(PoisonError::into_inner);
            let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            let delay = |id: &String| {
                Some(shown.get(id)?.saturating_duration_since(*committed.get(id)?).as_secs_f64() * 1e3)
            };
            made.iter().map(delay).collect()
        };
        if let Some(mut delays) = delays {
            delays.sort_by(f64::total_cmp);
            return Ok(delays);
        }
        ensure!(began.elapsed() < PATIENCE, "not every change was shown");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

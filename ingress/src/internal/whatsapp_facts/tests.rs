//! The listener for facts, with a real local log behind it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;
use arc_swap::ArcSwap;
use axum::body::Body;
use http::Request;
use prosaas_event_log::{EventLog, EventLogConfig, ReadLimit, publish::Publisher, pump::PumpStatus};
use prosaas_events::subjects::Stream;
use prosaas_platform::{
    bus, clock,
    config::Env,
    internal_auth::{Request as Signed, sign},
    process,
};
use prosaas_tests::eventually::{SOON, becomes};
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::{
    config::Config,
    serve::{self, Backends},
    services::call_directory::Directory,
    state::Pools,
};

const SECRET: &str = "a secret of tests only, no example";
const PATH: &str = "/internal/whatsapp/facts";

/// An app whose Postgres and NATS are away for ever.
async fn app(folder: &Path, log: EventLogConfig) -> Result<(App, EventLog)> {
    process::install_tls_provider();
    let path = folder.display().to_string();
    let config = Config::from_env(&Env::from_pairs([
        ("APP_ENV", "development"),
        ("DATABASE_URL", "postgres://127.0.0.1:1/none"),
        ("NATS_URL", "nats://127.0.0.1:1"),
        ("TWILIO_ACCOUNT_SID", "AC1"),
        ("TWILIO_AUTH_TOKEN", "token"),
        ("INTERNAL_SECRET", SECRET),
        ("EVENT_LOG_PATH", path.as_str()),
    ]))?;
    let log = EventLog::open(log, clock::system()).await?;
    let backends = Backends {
        nats: bus::connect(&config.nats_url, bus::Role::Ingress).await?,
        pools: Pools::connect(&config.database_url).await?,
        log: log.clone(),
        pump: PumpStatus::default(),
        directory: Arc::new(ArcSwap::from_pointee(Directory::default())),
    };
    Ok((serve::app(&config, backends, Publisher::new(log.clone()))?, log))
}

fn small(folder: &Path) -> EventLogConfig {
    EventLogConfig { min_free_bytes: 1, ballast_bytes: 4096, ..EventLogConfig::new(folder) }
}

fn fact(id: u128, sequence: u64) -> Value {
    json!({
        "id": Uuid::from_u128(id), "session_id": Uuid::from_u128(7), "business_id": Uuid::from_u128(8),
        "sequence": sequence, "generation": 3, "kind": "connected", "occurred_at": "2026-01-02T03:04:05.678Z",
        "data": { "phone": "+972541234567", "push_name": null },
    })
}

fn signed(body: &[u8], secret: &str) -> Result<Request<Body>> {
    let request = Signed { method: "POST", path_and_query: PATH, body };
    let signature = sign(&SecretString::from(secret), request, clock::system().now())?;
    let mut request = Request::post(PATH).header("content-type", "application/json");
    for (name, value) in signature.headers() {
        request = request.header(name, value);
    }
    Ok(request.body(Body::from(body.to_vec()))?)
}

async fn send(app: &App, request: Request<Body>) -> Result<u16> {
    let response = routes().with_state(app.clone()).oneshot(request).await?;
    Ok(response.status().as_u16())
}

async fn post_fact(app: &App, fact: &Value) -> Result<u16> {
    send(app, signed(fact.to_string().as_bytes(), SECRET)?).await
}

async fn kept(log: &EventLog) -> Result<Vec<CloudEvent<WhatsappFactV1>>> {
    let rows = log.read(Stream::Whatsapp, 0, ReadLimit { rows: 1000, bytes: 1 << 20 }).await?.rows;
    Ok(rows.iter().map(|row| CloudEvent::decode(&row.payload)).collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn a_fact_is_kept_under_its_own_id_and_in_order() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (app, log) = app(folder.path(), small(folder.path())).await?;
    for sequence in 1..=5 {
        assert_eq!(post_fact(&app, &fact(u128::from(sequence), sequence)).await?, 204);
    }
    assert_eq!(post_fact(&app, &fact(5, 5)).await?, 204, "sent again, as after a lost answer");
    let events = kept(&log).await?;
    let sequences: Vec<_> = events.iter().map(|event| event.data.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    let Some(first) = events.first() else { anyhow::bail!("nothing was kept") };
    assert_eq!(first.id, Uuid::from_u128(1).into());
    assert_eq!(first.source, "/baileys");
    assert_eq!(first.subject, Uuid::from_u128(7).to_string());
    assert_eq!(first.businessid, Some(BusinessId(Uuid::from_u128(8))));
    assert!(matches!(first.data.fact, WhatsappFact::Connected(_)));
    Ok(())
}

#[tokio::test]
async fn only_signed_requests_count_and_each_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (app, log) = app(folder.path(), small(folder.path())).await?;
    let body = fact(1, 1).to_string();
    let unsigned = Request::post(PATH).body(Body::from(body.clone()))?;
    assert_eq!(send(&app, unsigned).await?, 401);
    assert_eq!(send(&app, signed(body.as_bytes(), "another secret")?).await?, 401);
    let (parts, _) = signed(body.as_bytes(), SECRET)?.into_parts();
    let with = |body: String| Request::from_parts(parts.clone(), Body::from(body));
    assert_eq!(send(&app, with(fact(2, 2).to_string())).await?, 401, "another body");
    assert_eq!(kept(&log).await?.len(), 0);
    assert_eq!(send(&app, with(body.clone())).await?, 204);
    assert_eq!(send(&app, with(body)).await?, 401, "a replay");
    assert_eq!(kept(&log).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_has_another_form_never_comes_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (app, log) = app(folder.path(), small(folder.path())).await?;
    let changed = |name: &str, value: Value| {
        let mut changed = fact(1, 1);
        changed[name] = value;
        changed.to_string()
    };
    for wrong in [
        "{".to_owned(),
        "[]".to_owned(),
        changed("extra", json!(1)),
        changed("kind", json!("opened")),
        changed("sequence", json!(-1)),
        changed("id", json!("1")),
        changed("occurred_at", json!("yesterday")),
        changed("data", json!({ "phone": "+972541234567", "qr": "2@secret" })),
        changed("data", Value::Null),
    ] {
        assert_eq!(send(&app, signed(wrong.as_bytes(), SECRET)?).await?, 400, "{wrong}");
    }
    let large = changed("kind", json!("x".repeat(20_000)));
    assert_eq!(send(&app, signed(large.as_bytes(), SECRET)?).await?, 413);
    assert_eq!(kept(&log).await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_full_log_takes_nothing_and_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (app, _) = app(folder.path(), EventLogConfig { max_bytes: 1, ..small(folder.path()) }).await?;
    let sequence = AtomicU64::new(1);
    // The log measures itself now and then.
    becomes("the log is full", SOON, 503, || {
        let sequence = sequence.fetch_add(1, Ordering::Relaxed);
        let (app, fact) = (app.clone(), fact(u128::from(sequence), sequence));
        async move { post_fact(&app, &fact).await }
    })
    .await
}

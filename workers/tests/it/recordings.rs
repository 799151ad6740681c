//! Recordings against a small Twilio of our own.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::any,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use prosaas_events::recording::{RecordingAvailableV1, RecordingProgress, RecordingStatusV1};
use prosaas_platform::{objects::Objects, process::install_tls_provider};
use prosaas_workers::{
    recordings::{RecordingEvent, RecordingsWorker},
    runtime::{Delivery, Done, Failure, Meta, Worker as _},
    twilio::{Api, Twilio},
};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;
use uuid::Uuid;

use crate::support::{Database, eventually};

mod batches;
mod provider;
mod retries;

const LIMIT: u64 = 4 << 20;

/// What the fake saw.
#[derive(Default)]
struct Seen {
    asked: Mutex<HashMap<String, usize>>,
    unauthorized: AtomicUsize,
    deleted: AtomicUsize,
    elsewhere: AtomicUsize,
}

struct FakeTwilio {
    base: Url,
    other: String,
    seen: Arc<Seen>,
}

fn audio() -> Vec<u8> {
    (0..1_500_000_u32).map(|n| n.to_le_bytes()[0]).collect()
}

#[derive(Clone)]
struct Fake {
    seen: Arc<Seen>,
    other: String,
}

async fn answer(
    State(fake): State<Fake>,
    Path((account, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let wanted = format!("Basic {}", STANDARD.encode("AC1:secret"));
    if account != "AC1"
        || headers.get(header::AUTHORIZATION).is_none_or(|h| h.as_bytes() != wanted.as_bytes())
    {
        fake.seen.unauthorized.fetch_add(1, Ordering::SeqCst);
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if method == Method::DELETE {
        fake.seen.deleted.fetch_add(1, Ordering::SeqCst);
        return StatusCode::NO_CONTENT.into_response();
    }
    let asked = {
        let mut all = fake.seen.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(file.clone()).or_default();
        *count += 1;
        *count
    };
    let mp3 = |body: Body| ([(header::CONTENT_TYPE, "audio/mpeg")], body).into_response();
    let in_pieces = |pieces: usize| {
        let piece = || Ok::<_, std::io::Error>(vec![1_u8; 1 << 20]);
        Body::from_stream(futures_util::stream::iter((0..pieces).map(move |_| piece())))
    };
    match file.as_str() {
        "RElate.mp3" if asked <= 2 => StatusCode::NOT_FOUND.into_response(),
        "REnever.mp3" => StatusCode::NOT_FOUND.into_response(),
        "REmono.mp3" if query.is_some() => StatusCode::BAD_REQUEST.into_response(),
        "REhtml.mp3" => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], "<html>").into_response(),
        "REhuge.mp3" => mp3(Body::from(vec![0_u8; 5 << 20])),
        "REendless.mp3" => mp3(in_pieces(50)),
        "REaway.mp3" => (StatusCode::FOUND, [(header::LOCATION, fake.other)]).into_response(),
        "REhere.mp3" => {
            let near = "/2010-04-01/Accounts/AC1/Recordings/RElater.mp3";
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, near)]).into_response()
        }
        "REbusy.mp3" => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => mp3(Body::from(audio())),
    }
}

impl FakeTwilio {
    async fn start() -> Result<Self> {
        let seen = Arc::new(Seen::default());
        let elsewhere = {
            let seen = seen.clone();
            Router::new().fallback(move || {
                seen.elsewhere.fetch_add(1, Ordering::SeqCst);
                std::future::ready(([(header::CONTENT_TYPE, "audio/mpeg")], "stolen"))
            })
        };
        let other = serve(elsewhere).await?;
        let fake = Fake { seen: seen.clone(), other: format!("{other}/metadata.mp3") };
        let router = Router::new()
            .route("/2010-04-01/Accounts/{account}/Recordings/{file}", any(answer))
            .with_state(fake);
        Ok(Self { base: serve(router).await?.parse()?, other, seen })
    }
}

async fn serve(router: Router) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}

/// Everything that one test needs.
struct Scene {
    database: Database,
    fake: FakeTwilio,
    folder: TempDir,
    worker: RecordingsWorker,
}

impl Scene {
    async fn set(delete_at_provider: bool) -> Result<Self> {
        Self::with_tokens(&["secret"], delete_at_provider).await
    }

    /// `secret` is the one that Twilio takes.
    async fn with_tokens(tokens: &[&str], delete_at_provider: bool) -> Result<Self> {
        install_tls_provider();
        let (database, fake, folder) =
            (Database::migrated().await?, FakeTwilio::start().await?, TempDir::new()?);
        let url = Url::from_directory_path(folder.path()).map_err(|()| anyhow::anyhow!("path"))?;
        let api = Api { base: fake.base.clone(), account: "AC1".parse()? };
        let tokens: Vec<_> = tokens.iter().map(|token| SecretString::from(*token)).collect();
        let twilio = Twilio::new(api, &tokens)?;
        let worker =
            RecordingsWorker::new(database.pool.clone(), twilio, Objects::open(&url)?, delete_at_provider)
                .with_max_bytes(LIMIT);
        Ok(Self { database, fake, folder, worker })
    }

    async fn handle(&self, event_id: &str, last: bool, event: &RecordingEvent) -> Result<Done, Failure> {
        self.worker.handle(&Delivery { last, ..delivery() }, &meta(event_id), event).await
    }

    async fn available(&self, recording: &str) -> Result<Result<Done, Failure>> {
        let event = available(&self.fake, recording, None)?;
        Ok(self.handle(&format!("e-{recording}"), false, &event).await)
    }

    async fn row(&self, recording: &str) -> Result<Option<(String, Option<String>)>> {
        let row = sqlx::query_as("SELECT state, failure FROM prosaas.recordings WHERE recording_sid = $1")
            .bind(recording)
            .fetch_optional(&self.database.pool)
            .await?;
        Ok(row)
    }

    fn files(&self) -> Result<usize> {
        Ok(std::fs::read_dir(self.folder.path())?.count())
    }
}

fn delivery() -> Delivery {
    Delivery {
        stream: "RECORDINGS".to_owned(),
        sequence: 1,
        subject: "recording.available.RE".to_owned(),
        attempt: 1,
        last: false,
        waited: std::time::Duration::ZERO,
    }
}

fn meta(id: &str) -> Meta {
    Meta {
        id: id.to_owned(),
        event_type: String::new(),
        source: "/twilio/AC1".to_owned(),
        time: DateTime::<Utc>::UNIX_EPOCH,
        business: None,
        actor: None,
        traceparent: None,
        again: None,
    }
}

fn available(fake: &FakeTwilio, recording: &str, channels: Option<u8>) -> Result<RecordingEvent> {
    Ok(RecordingEvent::Available(RecordingAvailableV1 {
        recording_sid: recording.parse()?,
        call_sid: "CA1".parse()?,
        account_sid: Some("AC1".parse()?),
        url: fake.base.join(&format!("/2010-04-01/Accounts/AC1/Recordings/{recording}"))?.to_string(),
        duration_s: Some(61),
        channels,
    }))
}

#[tokio::test]
async fn a_recording_that_is_not_ready_is_tried_again_and_then_kept_whole() -> Result<()> {
    let scene = Scene::set(false).await?;
    for _ in 0..2 {
        assert!(matches!(scene.available("RElate").await?, Err(Failure::Retry { .. })));
        assert_eq!(scene.row("RElate").await?.map(|r| r.0).as_deref(), Some("processing"));
    }
    assert!(matches!(scene.available("RElate").await?, Ok(Done::Applied)));
    assert!(matches!(scene.available("RElate").await?, Ok(Done::AlreadyApplied)));
    let other = available(&scene.fake, "RElate", None)?;
    assert!(matches!(scene.handle("another event", false, &other).await, Ok(Done::AlreadyApplied)));
    assert_eq!(std::fs::read(scene.folder.path().join("RElate.mp3"))?, audio());
    let row: (String, i64, Vec<u8>, i16, i64, String, i64) = sqlx::query_as(
        "SELECT state, bytes, sha256, channels, duration_s, object_key, attempts FROM prosaas.recordings",
    )
    .fetch_one(&scene.database.pool)
    .await?;
    let sha256 = Sha256::digest(audio()).to_vec();
    assert_eq!((row.0.as_str(), row.1, row.2), ("completed", 1_500_000, sha256));
    assert_eq!((row.3, row.4, row.5.as_str(), row.6), (1, 61, "RElate.mp3", 3));
    assert_eq!(scene.database.count("SELECT count(*) FROM prosaas.audit_records").await?, 1);
    assert_eq!(scene.fake.seen.unauthorized.load(Ordering::SeqCst), 0);
    assert_eq!(
        scene.fake.seen.asked.lock().unwrap_or_else(PoisonError::into_inner).get("RElate.mp3"),
        Some(&3)
    );
    Ok(())
}

#[tokio::test]
async fn two_channels_are_asked_for_and_one_is_taken_when_two_are_refused() -> Result<()> {
    let scene = Scene::set(false).await?;
    for (recording, channels) in [("REmono", 1_i16), ("REdual", 2)] {
        let event = available(&scene.fake, recording, Some(2))?;
        assert!(matches!(scene.handle(recording, false, &event).await, Ok(Done::Applied)));
        let stored: i16 =
            sqlx::query_scalar("SELECT channels FROM prosaas.recordings WHERE recording_sid = $1")
                .bind(recording)
                .fetch_one(&scene.database.pool)
                .await?;
        assert_eq!(stored, channels, "{recording}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_recording_is_refused_for_good_and_leaves_no_file() -> Result<()> {
    let scene = Scene::set(false).await?;
    for (recording, word) in [
        ("REhtml", "text/html"),
        ("REhuge", "more than"),
        ("REendless", "larger than"),
        ("REaway", "another host"),
    ] {
        let outcome = scene.available(recording).await?;
        assert!(matches!(outcome, Err(Failure::Fail(_))), "{recording}: {outcome:?}");
        let (state, failure) = scene.row(recording).await?.context("a row")?;
        assert_eq!(state, "failed");
        assert!(failure.as_deref().is_some_and(|f| f.contains(word)), "{recording}: {failure:?}");
    }
    assert_eq!(scene.fake.seen.elsewhere.load(Ordering::SeqCst), 0, "nobody else was asked");
    eventually("what was begun is gone", || async { Ok(scene.files()? == 0) }).await?;
    assert!(
        matches!(scene.available("REhere").await?, Ok(Done::Applied)),
        "a redirect on the same host is followed"
    );
    Ok(())
}

#[tokio::test]
async fn a_forged_address_makes_us_ask_nobody() -> Result<()> {
    let scene = Scene::set(false).await?;
    for url in [
        format!("{}/2010-04-01/Accounts/AC1/Recordings/RE1", scene.fake.other),
        "http://169.254.169.254/2010-04-01/Accounts/AC1/Recordings/RE1".to_owned(),
        format!("{}2010-04-01/Accounts/AC2/Recordings/RE1", scene.fake.base),
        String::new(),
    ] {
        let RecordingEvent::Available(data) = available(&scene.fake, "RE1", None)? else { continue };
        let event = RecordingEvent::Available(RecordingAvailableV1 { url: url.clone(), ..data });
        assert!(matches!(scene.handle("e", false, &event).await, Err(Failure::Fail(_))), "{url}");
    }
    assert_eq!(scene.row("RE1").await?, None);
    assert!(scene.fake.seen.asked.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
    assert_eq!(scene.fake.seen.elsewhere.load(Ordering::SeqCst), 0);
    Ok(())
}

#[tokio::test]
async fn what_twilio_never_delivers_has_failed_and_can_still_be_replayed() -> Result<()> {
    let scene = Scene::set(false).await?;
    assert!(matches!(scene.available("REbusy").await?, Err(Failure::Retry { .. })));
    let never = available(&scene.fake, "REnever", None)?;
    assert!(
        matches!(scene.handle("e", true, &never).await, Err(Failure::Retry { .. })),
        "the runtime buries it"
    );
    let (state, failure) = scene.row("REnever").await?.context("a row")?;
    assert_eq!(state, "failed");
    assert!(failure.is_some_and(|f| f.contains("404")));
    let late = available(&scene.fake, "RElate", None)?;
    for _ in 0..2 {
        assert!(scene.handle("late", true, &late).await.is_err());
    }
    assert!(
        matches!(scene.handle("late", true, &late).await, Ok(Done::Applied)),
        "a replay gets it after all"
    );
    assert_eq!(scene.row("RElate").await?, Some(("completed".to_owned(), None)));
    Ok(())
}

#[tokio::test]
async fn twilio_out_of_reach_is_an_outage_and_costs_no_attempt() -> Result<()> {
    let mut scene = Scene::set(false).await?;
    let event = available(&scene.fake, "RE1", None)?;
    let api = Api { base: "http://127.0.0.1:1".parse()?, account: "AC1".parse()? };
    let RecordingEvent::Available(data) = event else { anyhow::bail!("an available event") };
    let url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1".to_owned();
    let event = RecordingEvent::Available(RecordingAvailableV1 { url, ..data });
    let objects =
        Objects::open(&Url::from_directory_path(scene.folder.path()).map_err(|()| anyhow::anyhow!("path"))?)?;
    let twilio = Twilio::new(api, &["secret".into()])?;
    scene.worker = RecordingsWorker::new(scene.database.pool.clone(), twilio, objects, false);
    assert!(matches!(scene.handle("e", true, &event).await, Err(Failure::Down(_))));
    assert_eq!(scene.row("RE1").await?.map(|r| r.0).as_deref(), Some("processing"));
    Ok(())
}

#[tokio::test]
async fn absent_and_failed_are_states_and_the_call_may_come_later() -> Result<()> {
    let scene = Scene::set(false).await?;
    let status = |recording: &str, status| -> Result<RecordingEvent> {
        Ok(RecordingEvent::Status(RecordingStatusV1 {
            recording_sid: recording.parse()?,
            call_sid: "CA1".parse()?,
            account_sid: None,
            status,
            error_code: Some("31000\0".to_owned()),
        }))
    };
    for (recording, progress, wanted) in [
        ("REabsent", RecordingProgress::Absent, "absent"),
        ("REfailed", RecordingProgress::Failed, "failed"),
        ("REgoing", RecordingProgress::InProgress, "processing"),
    ] {
        let event = status(recording, progress)?;
        assert!(matches!(scene.handle(recording, false, &event).await, Ok(Done::Applied)));
        assert!(matches!(scene.handle(recording, false, &event).await, Ok(Done::AlreadyApplied)));
        assert_eq!(scene.row(recording).await?.map(|r| r.0).as_deref(), Some(wanted));
    }
    let business = crate::calls::call_of_a_new_business(&scene.database.pool, "CA1").await?;
    let owners: Vec<Option<Uuid>> = sqlx::query_scalar("SELECT business_id FROM prosaas.recordings")
        .fetch_all(&scene.database.pool)
        .await?;
    assert_eq!(owners, [Some(business.0); 3], "the call's business is theirs");
    let event = status("REafter", RecordingProgress::InProgress)?;
    assert!(scene.handle("after", false, &event).await.is_ok());
    assert_eq!(
        scene.database.count("SELECT count(*) FROM prosaas.recordings WHERE business_id IS NOT NULL").await?,
        4
    );
    Ok(())
}

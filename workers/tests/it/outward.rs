//! What goes out and cannot be taken back, against a small Twilio that can die.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use chrono::{DateTime, TimeDelta, Utc};
use prosaas_domain::{ids::BusinessId, phone::E164};
use prosaas_platform::{clock, process::install_tls_provider};
use prosaas_workers::{
    outward::{Outward, Wanted, stops, want},
    runtime::Delivery,
    twilio::{Api, Twilio},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::support::{Database, eventually};

const SENDER: &str = "+972501110000";
const CALLER: &str = "+972521234567";
const BODY: &str = "התקשרתם אלינו ולא הספקנו לענות. נחזור אליכם. להסרה השיבו: הסר";

/// How the fake answers what it is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It takes and says so.
    Takes,
    /// It takes and never answers.
    TakesAndHangs,
    /// It takes, and answers 500.
    TakesAndFails,
    /// It does not take, and answers 500.
    Fails,
    /// It never answers.
    Hangs,
    /// It takes nothing, and says so: 429.
    Busy,
    /// 400 with a code.
    Refuses,
}

struct Seen {
    mode: Mode,
    /// Whether its list shows what it took.
    shows: bool,
    taken: Vec<Value>,
    callbacks: Vec<String>,
    posts: usize,
    lists: usize,
}

#[derive(Clone)]
struct Fake(Arc<Mutex<Seen>>);

impl Fake {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, mode: Mode) {
        self.seen().mode = mode;
    }

    /// How often it was sent something, and asked.
    fn requests(&self) -> (usize, usize) {
        let seen = self.seen();
        (seen.posts, seen.lists)
    }

    /// How many messages each person has.
    fn received(&self) -> BTreeMap<String, usize> {
        let mut received = BTreeMap::new();
        for message in &self.seen().taken {
            *received.entry(message["to"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        received
    }
}

async fn post(State(fake): State<Fake>, body: String) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    let (mode, made) = {
        let mut seen = fake.seen();
        seen.posts += 1;
        seen.callbacks.push(text("StatusCallback"));
        if matches!(seen.mode, Mode::Takes | Mode::TakesAndHangs | Mode::TakesAndFails) {
            let sid = format!("SM{}", seen.taken.len());
            seen.taken.push(json!({
                "sid": sid, "from": text("From"), "to": text("To"), "body": text("Body"), "status": "queued",
                "direction": "outbound-api", "messaging_service_sid": null,
                "date_created": clock::system().now().to_rfc2822(),
            }));
        }
        (seen.mode, seen.taken.last().cloned())
    };
    match mode {
        Mode::Takes => (StatusCode::CREATED, Json(made)).into_response(),
        Mode::TakesAndFails | Mode::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mode::TakesAndHangs | Mode::Hangs => std::future::pending().await,
        Mode::Busy => (StatusCode::TOO_MANY_REQUESTS, Json(json!({ "code": 20429 }))).into_response(),
        Mode::Refuses => (StatusCode::BAD_REQUEST, Json(json!({ "code": 21614 }))).into_response(),
    }
}

async fn list(State(fake): State<Fake>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let mut seen = fake.seen();
    seen.lists += 1;
    let is = |message: &Value, field: &str, name: &str| {
        query.get(name).is_none_or(|wanted| message[field].as_str() == Some(wanted.as_str()))
    };
    let messages: Vec<Value> = seen
        .taken
        .iter()
        .filter(|message| seen.shows && is(message, "to", "To") && is(message, "from", "From"))
        .cloned()
        .collect();
    Json(json!({ "messages": messages, "next_page_uri": null })).into_response()
}

/// Everything that one test needs.
struct Scene {
    database: Database,
    fake: Fake,
    outward: Outward,
    business: BusinessId,
}

impl Scene {
    async fn set() -> Result<Self> {
        install_tls_provider();
        let seen = Seen {
            mode: Mode::Takes,
            shows: true,
            taken: Vec::new(),
            callbacks: Vec::new(),
            posts: 0,
            lists: 0,
        };
        let fake = Fake(Arc::new(Mutex::new(seen)));
        let router = Router::new()
            .route("/2010-04-01/Accounts/AC1/Messages.json", get(list).post(post))
            .with_state(fake.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?).parse()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        let database = Database::migrated().await?;
        let business = BusinessId(Uuid::now_v7());
        sqlx::query("INSERT INTO prosaas.businesses (id, name) VALUES ($1, 'Dana')")
            .bind(business.0)
            .execute(&database.pool)
            .await?;
        let twilio = Twilio::new(Api { base, account: "AC1".parse()? }, &[SecretString::from("secret")])?;
        let outward =
            Outward { pool: database.pool.clone(), twilio, public_url: "https://prosaas.example".parse()? };
        Ok(Self { database, fake, outward, business })
    }

    async fn want(&self, cause: &str, to: &str, ago: TimeDelta, subject: &str) -> Result<Option<Uuid>> {
        let (sender, to) = (SENDER.parse()?, E164::parse(to)?);
        let call = cause.parse()?;
        let wanted = Wanted {
            business: self.business,
            cause,
            call: Some(&call),
            happened_at: clock::system().now() - ago,
            sender: &sender,
            to: &to,
            body: BODY,
        };
        let mut connection = self.database.pool.acquire().await?;
        Ok(want(&mut connection, wanted, &delivery(subject)).await?)
    }

    async fn fresh(&self, cause: &str, to: &str) -> Result<Uuid> {
        self.want(cause, to, TimeDelta::seconds(45), "event.call.missed.CA1").await?.context("it is wanted")
    }

    async fn sweep(&self) -> Result<()> {
        self.outward.sweep().await.map_err(anyhow::Error::from_boxed)
    }

    /// A process that dies while its attempts are under way.
    async fn sweep_and_die(&self, posts: usize) -> Result<()> {
        let outward = self.outward.clone();
        let process = tokio::spawn(async move { outward.sweep().await });
        eventually("the requests have left", || async { Ok(self.fake.seen().posts >= posts) }).await?;
        process.abort();
        let _ = process.await;
        Ok(())
    }

    /// Lets time pass for every effect.
    async fn later(&self, by: Duration) -> Result<()> {
        sqlx::query(
            "UPDATE prosaas.outward_effects
             SET due_at = due_at - make_interval(secs => $1), expires_at = expires_at - make_interval(secs => $1),
                 claimed_until = claimed_until - make_interval(secs => $1)",
        )
        .bind(by.as_secs_f64())
        .execute(&self.database.pool)
        .await?;
        Ok(())
    }

    async fn row(&self, effect: Uuid) -> Result<(String, Option<String>, Option<i64>, Option<String>, i32)> {
        let sql = "SELECT state, reason, error_code, provider_id, attempts FROM prosaas.outward_effects WHERE id = $1";
        Ok(sqlx::query_as(sql).bind(effect).fetch_one(&self.database.pool).await?)
    }

    async fn tasks(&self) -> Result<Vec<(String, String, String, String)>> {
        let sql = "SELECT kind, cause, reason, state FROM prosaas.tasks ORDER BY cause";
        Ok(sqlx::query_as(sql).fetch_all(&self.database.pool).await?)
    }
}

fn delivery(subject: &str) -> Delivery {
    Delivery {
        stream: "EVENTS".to_owned(),
        sequence: 1,
        subject: subject.to_owned(),
        attempt: 1,
        last: false,
        waited: Duration::ZERO,
    }
}

fn row(
    state: &str,
    reason: Option<&str>,
    code: Option<i64>,
    sid: Option<&str>,
    attempts: i32,
) -> (String, Option<String>, Option<i64>, Option<String>, i32) {
    (state.to_owned(), reason.map(str::to_owned), code, sid.map(str::to_owned), attempts)
}

fn task(kind: &str, cause: &str, reason: &str, state: &str) -> (String, String, String, String) {
    (kind.to_owned(), cause.to_owned(), reason.to_owned(), state.to_owned())
}

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_message_goes_out_once_and_names_its_attempt() -> Result<()> {
    let scene = Scene::set().await?;
    let effect = scene.fresh("CA1", CALLER).await?;
    assert_eq!(
        scene.want("CA1", CALLER, TimeDelta::zero(), "event.call.missed.CA1").await?,
        None,
        "one cause"
    );
    scene.sweep().await?;
    scene.sweep().await?;
    assert_eq!(scene.row(effect).await?, row("accepted", None, None, Some("SM0"), 1));
    let attempt: (Uuid, String) = sqlx::query_as("SELECT id, outcome FROM prosaas.outward_attempts")
        .fetch_one(&scene.database.pool)
        .await?;
    assert_eq!(attempt.1, "accepted");
    let callback = format!("https://prosaas.example/webhook/message_status?message={}", attempt.0);
    assert_eq!(scene.fake.seen().callbacks, [callback]);
    let sent = scene.fake.seen().taken.clone();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (&sent[0]["from"], &sent[0]["to"], &sent[0]["body"]),
        (&json!(SENDER), &json!(CALLER), &json!(BODY))
    );
    assert!(scene.tasks().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_attempt_is_written_before_the_request_leaves() -> Result<()> {
    let scene = Scene::set().await?;
    scene.fake.set(Mode::Hangs);
    scene.fresh("CA1", CALLER).await?;
    scene.sweep_and_die(1).await?;
    let written = "SELECT count(*) FROM prosaas.outward_attempts WHERE outcome IS NULL";
    assert_eq!(scene.database.count(written).await?, 1);
    Ok(())
}

#[tokio::test]
async fn who_died_after_twilio_took_it_sends_no_second() -> Result<()> {
    let scene = Scene::set().await?;
    scene.fake.set(Mode::TakesAndHangs);
    let mut effects = Vec::new();
    for number in 0..12 {
        let to = format!("+9725212345{number:02}");
        effects.push((scene.fresh(&format!("CA{number}"), &to).await?, to));
    }
    scene.sweep_and_die(12).await?;
    scene.fake.set(Mode::Takes);
    scene.sweep().await?;
    assert_eq!(scene.fake.seen().lists, 0, "the attempts may be under way");
    scene.later(2 * MINUTE).await?;
    scene.sweep().await?;
    for (effect, to) in effects {
        let found = scene.row(effect).await?;
        assert_eq!((found.0.as_str(), found.4), ("accepted", 1));
        let sid = found.3.context("its id")?;
        let taken = scene.fake.seen().taken.clone();
        let message = taken.iter().find(|message| message["sid"] == sid.as_str()).context("the message")?;
        assert_eq!(message["to"], to.as_str(), "each its own");
    }
    assert!(scene.fake.received().values().all(|count| *count == 1));
    assert_eq!(scene.fake.seen().posts, 12);
    assert!(scene.tasks().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_nobody_knows_is_a_task_and_never_a_second_message() -> Result<()> {
    let scene = Scene::set().await?;
    // One was taken and is not shown, the other was not taken: they look alike.
    scene.fake.seen().shows = false;
    scene.fake.set(Mode::TakesAndFails);
    let taken = scene.fresh("CA1", CALLER).await?;
    scene.sweep().await?;
    scene.fake.set(Mode::Fails);
    let lost = scene.fresh("CA2", "+972527654321").await?;
    for _ in 0..8 {
        scene.sweep().await?;
        scene.later(3 * MINUTE).await?;
    }
    scene.fake.set(Mode::Takes);
    scene.sweep().await?;
    for effect in [taken, lost] {
        assert_eq!(scene.row(effect).await?, row("unknown", Some("no_answer"), None, None, 1));
    }
    let mut expected =
        [taken, lost].map(|id| task("check_message", &format!("unknown:{id}"), "unknown", "open"));
    expected.sort();
    assert_eq!(scene.tasks().await?, expected);
    assert_eq!(scene.fake.requests(), (2, 10), "each was sent once and asked after five times");
    assert_eq!(scene.fake.received(), BTreeMap::from([(CALLER.to_owned(), 1)]));
    Ok(())
}

#[tokio::test]
async fn another_attempts_message_is_not_taken_for_the_lost_one() -> Result<()> {
    let scene = Scene::set().await?;
    scene.fresh("CA1", CALLER).await?;
    scene.sweep().await?;
    scene.fake.set(Mode::Fails);
    let lost = scene.fresh("CA2", CALLER).await?;
    scene.sweep().await?;
    assert_eq!(
        scene.row(lost).await?,
        row("asking", Some("no_answer"), None, None, 1),
        "the like one has its attempt"
    );
    // While it is asked after nothing else goes to that person.
    scene.fake.set(Mode::Takes);
    let third = scene.fresh("CA3", CALLER).await?;
    scene.sweep().await?;
    assert_eq!(scene.row(third).await?, row("due", None, None, None, 0));
    // What somebody else wrote long before is not it.
    let before: DateTime<Utc> = clock::system().now() - TimeDelta::hours(1);
    let mut old = scene.fake.seen().taken[0].clone();
    old["sid"] = json!("SMold");
    old["date_created"] = json!(before.to_rfc2822());
    scene.fake.seen().taken.push(old.clone());
    scene.later(MINUTE).await?;
    scene.sweep().await?;
    assert_eq!(scene.row(lost).await?.0, "asking");
    // This one is.
    old["sid"] = json!("SMlate");
    old["date_created"] = json!(clock::system().now().to_rfc2822());
    scene.fake.seen().taken.push(old);
    scene.later(MINUTE).await?;
    scene.sweep().await?;
    assert_eq!(scene.row(lost).await?, row("accepted", None, None, Some("SMlate"), 1));
    scene.sweep().await?;
    assert_eq!(scene.row(third).await?.0, "accepted");
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_final_and_a_429_is_not() -> Result<()> {
    let scene = Scene::set().await?;
    scene.fake.set(Mode::Refuses);
    let refused = scene.fresh("CA1", CALLER).await?;
    scene.sweep().await?;
    scene.fake.set(Mode::Busy);
    let busy = scene.fresh("CA2", "+972527654321").await?;
    scene.sweep().await?;
    scene.sweep().await?;
    assert_eq!(scene.row(refused).await?, row("failed", Some("refused"), Some(21614), None, 1));
    assert_eq!(scene.row(busy).await?, row("due", Some("not_sent"), None, None, 1), "not at once again");
    assert_eq!(scene.tasks().await?, [task("call_back", "call:CA1", "refused", "open")]);
    scene.fake.set(Mode::Takes);
    scene.later(MINUTE).await?;
    scene.sweep().await?;
    assert_eq!(scene.row(busy).await?, row("accepted", None, None, Some("SM0"), 2));
    assert_eq!(scene.fake.requests(), (3, 0));
    Ok(())
}

#[tokio::test]
async fn nobody_at_twilio_means_nothing_was_sent() -> Result<()> {
    let scene = Scene::set().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?).parse()?;
    drop(listener);
    let twilio = Twilio::new(Api { base, account: "AC1".parse()? }, &[SecretString::from("secret")])?;
    let away = Outward { twilio, ..scene.outward.clone() };
    let effect = scene.fresh("CA1", CALLER).await?;
    away.sweep().await.map_err(anyhow::Error::from_boxed)?;
    assert_eq!(scene.row(effect).await?, row("due", Some("not_sent"), None, None, 1));
    // Two hours later it is no answer any more.
    scene.later(120 * MINUTE).await?;
    scene.sweep().await?;
    assert_eq!(scene.row(effect).await?, row("withheld", Some("too_old"), None, None, 1));
    assert_eq!(scene.tasks().await?, [task("call_back", "call:CA1", "too_old", "open")]);
    assert_eq!(scene.fake.seen().posts, 0);
    Ok(())
}

#[tokio::test]
async fn after_an_outage_and_from_a_replay_nothing_is_sent() -> Result<()> {
    let scene = Scene::set().await?;
    for number in 0..200 {
        let (call, to) = (format!("CA{number:03}"), format!("+972521234{number:03}"));
        scene.want(&call, &to, TimeDelta::hours(2), "event.call.missed.CA1").await?;
    }
    let replayed = scene
        .want("CAagain", CALLER, TimeDelta::zero(), "replay.automations.event.call.missed.CAagain")
        .await?
        .context("it is written")?;
    for _ in 0..3 {
        scene.sweep().await?;
    }
    assert_eq!(scene.fake.seen().posts, 0);
    let old = "SELECT count(*) FROM prosaas.tasks WHERE kind = 'call_back' AND reason = 'too_old'";
    assert_eq!(scene.database.count(old).await?, 200);
    assert_eq!(scene.row(replayed).await?, row("withheld", Some("replayed"), None, None, 0));
    let again = "SELECT count(*) FROM prosaas.tasks WHERE cause = 'call:CAagain' AND reason = 'replayed'";
    assert_eq!(scene.database.count(again).await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_switch_stops_a_business_and_all() -> Result<()> {
    let scene = Scene::set().await?;
    let mut connection = scene.database.pool.acquire().await?;
    let effect = scene.fresh("CA1", CALLER).await?;
    assert!(stops::stop(&mut connection, Some(scene.business), "a fault", "dana").await?);
    assert!(!stops::stop(&mut connection, Some(scene.business), "again", "dana").await?);
    scene.sweep().await?;
    assert!(stops::stop(&mut connection, None, "a fault", "dana").await?);
    assert!(stops::resume(&mut connection, Some(scene.business)).await?);
    scene.sweep().await?;
    assert_eq!(scene.row(effect).await?, row("due", None, None, None, 0));
    assert!(stops::resume(&mut connection, None).await?);
    assert!(!stops::resume(&mut connection, None).await?);
    scene.sweep().await?;
    assert_eq!(scene.row(effect).await?.0, "accepted");
    Ok(())
}

#[tokio::test]
async fn two_processes_send_each_message_once() -> Result<()> {
    let scene = Scene::set().await?;
    for number in 0..200 {
        // Some callers have several.
        let to = format!("+972521234{:03}", number % 150);
        scene.fresh(&format!("CA{number:03}"), &to).await?;
    }
    let open = "SELECT count(*) FROM prosaas.outward_effects WHERE state IN ('due', 'sending', 'asking')";
    for _ in 0..60 {
        let (one, two) = tokio::join!(scene.outward.sweep(), scene.outward.sweep());
        // Two that reach for one person's next message: one of them tries again.
        for error in [one, two].into_iter().filter_map(Result::err) {
            assert!(error.to_string().contains("outward_effects_in_flight_uq"), "{error}");
        }
        if scene.database.count(open).await? == 0 {
            break;
        }
    }
    assert_eq!(scene.database.count(open).await?, 0);
    assert_eq!(scene.fake.seen().posts, 200);
    let sids = "SELECT count(DISTINCT provider_id) FROM prosaas.outward_effects WHERE state = 'accepted'";
    assert_eq!(scene.database.count(sids).await?, 200);
    Ok(())
}

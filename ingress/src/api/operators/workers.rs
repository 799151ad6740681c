//! `GET /api/admin/workers`, and pausing them.

use std::time::Duration;

use async_nats::{Client, connection::State, jetstream};
use axum::{Json, extract};
use chrono::{DateTime, Utc};
use prosaas_dead_letters::retries::{self, RetryingEvent};
use prosaas_domain::rights::Right;
use prosaas_events::{
    ops::{WorkerPauseV1, WorkerResumeV1},
    subjects::consumers,
};
use prosaas_platform::bus::definitions::Definitions;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        extract::{ApiJson, ApiPath},
        problem::Problem,
        session::Session,
    },
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
    },
    state::App,
};

/// How long NATS has to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Longest pause that ends by itself, minutes: a week.
const MAX_MINUTES: u32 = 7 * 24 * 60;

/// How a worker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// Some process gets its events.
    Running,
    /// Somebody has paused it.
    Paused,
    /// No process listens.
    Absent,
    /// NATS cannot be asked.
    Unknown,
}

/// A worker.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerItem {
    /// Its name, which is its consumer's.
    name: String,
    /// The stream that it reads.
    stream: String,
    /// How it stands.
    state: WorkerState,
    /// Whether it can be paused.
    pausable: bool,
    /// The pause; null while there is none.
    #[schema(required = true)]
    paused: Option<WorkerPause>,
    /// Events that were never delivered; null where NATS cannot be asked.
    #[schema(required = true)]
    waiting: Option<u64>,
    /// Events that are being worked on, or wait for another try.
    #[schema(required = true)]
    in_progress: Option<u64>,
    /// Of these, how many are tried again.
    #[schema(required = true)]
    redelivered: Option<u64>,
    /// Events that failed and will be tried again: the 20 that have failed for longest.
    retrying: Vec<RetryingEvent>,
    /// Its dead letters that wait for a person.
    dead_letters_open: i64,
}

/// A pause.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerPause {
    /// Since when.
    since: DateTime<Utc>,
    /// When it ends by itself; null where it does not.
    #[schema(required = true)]
    until: Option<DateTime<Utc>>,
    /// Why.
    reason: String,
    /// By whom.
    by: String,
}

/// All workers.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerList {
    /// Each of them.
    items: Vec<WorkerItem>,
}

/// A pause to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseWorker {
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// After how many minutes it ends by itself; it does not when absent.
    #[schema(minimum = 1, maximum = 10080)]
    minutes: Option<u32>,
}

/// The end of a pause.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeWorker {
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// What runs, how far behind it is, and what is paused.
#[utoipa::path(
    get,
    path = "/api/admin/workers",
    operation_id = "list_workers",
    tag = "operators",
    responses((status = 200, description = "The workers", body = WorkerList)),
)]
pub async fn list_workers(
    extract::State(app): extract::State<App>,
    session: Session,
) -> Result<Json<WorkerList>, Problem> {
    session.require(Right::Administer, None)?;
    let definitions = Definitions::embedded().map_err(|_| Problem::internal())?;
    let pauses = sqlx::query!(
        "SELECT consumer, paused_until, reason, changed_by, changed_at FROM prosaas.worker_pauses
         WHERE paused AND (paused_until IS NULL OR paused_until > now())"
    )
    .fetch_all(&app.api.database)
    .await?;
    let open = sqlx::query!(
        r#"SELECT consumer, count(*) AS "count!" FROM prosaas.dead_letters WHERE state = 'new' GROUP BY consumer"#
    )
    .fetch_all(&app.api.database)
    .await?;
    let retrying = retries::oldest(&app.api.database).await?;
    let js = jetstream::new(app.api.nats.clone());
    let named = definitions.streams.iter().flat_map(|stream| {
        stream.consumers.iter().map(|consumer| (stream.name.as_str(), consumer.name.as_str()))
    });
    let asked = named.map(|(stream, name)| {
        let (js, nats) = (&js, &app.api.nats);
        async move { (stream, name, ask(nats, js, stream, name).await) }
    });
    let items = futures_util::future::join_all(asked).await.into_iter().map(|(stream, name, info)| {
        let pause = pauses.iter().find(|pause| pause.consumer == name).map(|pause| WorkerPause {
            since: pause.changed_at,
            until: pause.paused_until,
            reason: pause.reason.clone(),
            by: pause.changed_by.clone(),
        });
        let dead_letters_open = open.iter().find(|row| row.consumer == name).map_or(0, |row| row.count);
        let retrying = retrying.iter().filter(|event| event.worker == name).cloned().collect();
        item((stream, name), info.as_ref(), pause, retrying, dead_letters_open)
    });
    Ok(Json(WorkerList { items: items.collect() }))
}

async fn ask(
    nats: &Client,
    js: &jetstream::Context,
    stream: &str,
    consumer: &str,
) -> Option<jetstream::consumer::Info> {
    // Nobody waits for a server that is known to be away.
    if nats.connection_state() != State::Connected {
        return None;
    }
    let asked = async {
        let stream = js.get_stream_no_info(stream).await.ok()?;
        stream.consumer_info(consumer).await.ok()
    };
    tokio::time::timeout(TIMEOUT, asked).await.ok().flatten()
}

fn item(
    (stream, name): (&str, &str),
    info: Option<&jetstream::consumer::Info>,
    paused: Option<WorkerPause>,
    retrying: Vec<RetryingEvent>,
    dead_letters_open: i64,
) -> WorkerItem {
    let state = match info {
        _ if paused.is_some() => WorkerState::Paused,
        None => WorkerState::Unknown,
        Some(info) if info.num_waiting > 0 || info.num_ack_pending > 0 => WorkerState::Running,
        Some(_) => WorkerState::Absent,
    };
    WorkerItem {
        name: name.to_owned(),
        stream: stream.to_owned(),
        state,
        pausable: pausable(name),
        paused,
        waiting: info.map(|info| info.num_pending),
        in_progress: info.map(|info| info.num_ack_pending as u64),
        redelivered: info.map(|info| info.num_redelivered as u64),
        retrying,
        dead_letters_open,
    }
}

/// Without the others nobody could end the pause, or see what failed.
fn pausable(name: &str) -> bool {
    name != consumers::OPS && consumers::OF_EVENTS.iter().any(|(known, _)| *known == name)
}

/// The worker of a path.
fn worker(name: &str) -> Result<String, Problem> {
    if pausable(name) {
        return Ok(name.to_owned());
    }
    if [consumers::OPS, consumers::DEAD_LETTERS, consumers::ADVISORIES].contains(&name) {
        let error = "Without this worker nobody could end the pause.";
        return Err(Problem::conflict("/problems/not-pausable", error));
    }
    Err(Problem::not_found())
}

/// Pauses a worker: its events wait, and nothing is lost.
#[utoipa::path(
    post,
    path = "/api/admin/workers/{name}/pause",
    operation_id = "pause_worker",
    tag = "operators",
    params(("name" = String, Path, description = "Which")),
    request_body = PauseWorker,
    responses(CommandResponse),
)]
pub async fn pause_worker(
    extract::State(app): extract::State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(name): ApiPath<String>,
    ApiJson(asked): ApiJson<PauseWorker>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let worker = worker(&name)?;
    if asked.minutes.is_some_and(|minutes| !(1..=MAX_MINUTES).contains(&minutes)) {
        return Err(Problem::invalid("minutes", "range", "A pause lasts 1 to 10080 minutes."));
    }
    let args = WorkerPauseV1 { worker, minutes: asked.minutes, reason: super::input::reason(&asked.reason)? };
    submit(&app, &session, &meta, None, args).await
}

/// Ends a worker's pause.
#[utoipa::path(
    post,
    path = "/api/admin/workers/{name}/resume",
    operation_id = "resume_worker",
    tag = "operators",
    params(("name" = String, Path, description = "Which")),
    request_body = ResumeWorker,
    responses(CommandResponse),
)]
pub async fn resume_worker(
    extract::State(app): extract::State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(name): ApiPath<String>,
    ApiJson(asked): ApiJson<ResumeWorker>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let args = WorkerResumeV1 { worker: worker(&name)?, reason: super::input::reason(&asked.reason)? };
    submit(&app, &session, &meta, None, args).await
}

//! `GET /api/admin/replays/{id}`, its items, and its end.

use axum::{Json, extract::State};
use prosaas_dead_letters::replays::{self, Replay, ReplayItem};
use prosaas_domain::{ids::ReplayId, rights::Right};
use prosaas_events::ops::ReplayCancelV1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        extract::{ApiJson, ApiPath, ApiQuery},
        page::{Limit, Page},
        problem::Problem,
        session::Session,
    },
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
    },
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "replay-items";

/// How an event of a replay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayResult {
    /// Not published yet.
    Pending,
    /// Published, without a result yet.
    InFlight,
    /// Applied now.
    Succeeded,
    /// Found applied already.
    AlreadyApplied,
    /// A dead letter again.
    Failed,
    /// Not as it was when it was chosen.
    Skipped,
    /// Not published, because the replay was cancelled.
    Cancelled,
}

impl ReplayResult {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InFlight => "in_flight",
            Self::Succeeded => "succeeded",
            Self::AlreadyApplied => "already_applied",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Which events of a replay.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReplayItemsQuery {
    /// Only with this result.
    result: Option<ReplayResult>,
    /// Where to go on, from the page before.
    #[param(max_length = 2000)]
    cursor: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelReplay {
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// A replay and how far it has come.
#[utoipa::path(
    get,
    path = "/api/admin/replays/{replay_id}",
    operation_id = "read_replay",
    tag = "operators",
    params(("replay_id" = ReplayId, Path, description = "Which")),
    responses((status = 200, description = "The replay", body = Replay)),
)]
pub async fn read_replay(
    State(app): State<App>,
    session: Session,
    ApiPath(id): ApiPath<ReplayId>,
) -> Result<Json<Replay>, Problem> {
    session.require(Right::Administer, None)?;
    Ok(Json(replays::read(&app.api.database, id.0).await?.ok_or_else(Problem::not_found)?))
}

/// The events of a replay, in order, each with its result.
#[utoipa::path(
    get,
    path = "/api/admin/replays/{replay_id}/items",
    operation_id = "list_replay_items",
    tag = "operators",
    params(("replay_id" = ReplayId, Path, description = "Of which"), ReplayItemsQuery),
    responses((status = 200, description = "A page", body = Page<ReplayItem>)),
)]
pub async fn list_replay_items(
    State(app): State<App>,
    session: Session,
    ApiPath(id): ApiPath<ReplayId>,
    ApiQuery(query): ApiQuery<ReplayItemsQuery>,
) -> Result<Json<Page<ReplayItem>>, Problem> {
    session.require(Right::Administer, None)?;
    let limit = Limit::new(query.limit)?;
    let key = (id, query.result);
    let after: Option<i64> = app.api.cursors.decode(LIST, &key, query.cursor.as_deref())?;
    let result = query.result.map(ReplayResult::as_str);
    let rows = replays::items(&app.api.database, id.0, result, after.unwrap_or(0), limit.probe()).await?;
    Ok(Json(Page::new(rows, limit, |last| app.api.cursors.encode(LIST, &key, &last.position))?))
}

/// Ends a replay: what is not published yet is not published. What is, runs all the same.
#[utoipa::path(
    post,
    path = "/api/admin/replays/{replay_id}/cancel",
    operation_id = "cancel_replay",
    tag = "operators",
    params(("replay_id" = ReplayId, Path, description = "Which")),
    request_body = CancelReplay,
    responses(CommandResponse),
)]
pub async fn cancel_replay(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(id): ApiPath<ReplayId>,
    ApiJson(asked): ApiJson<CancelReplay>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let replay = replays::read(&app.api.database, id.0).await?.ok_or_else(Problem::not_found)?;
    if replay.state != "running" {
        return Err(Problem::conflict("/problems/replay-ended", "This replay is over."));
    }
    let args = ReplayCancelV1 { replay_id: id, reason: super::input::reason(&asked.reason)? };
    submit(&app, &session, &meta, None, args).await
}

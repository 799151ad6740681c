//! `POST /api/admin/replays`.

use axum::extract::State;
use prosaas_dead_letters::replays::{DEFAULT_RATE, MAX_RATE};
use prosaas_domain::{ids::ReplayId, rights::Right};
use prosaas_events::{ops::ReplayStartV1, selection::Selection};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{extract::ApiJson, problem::Problem, session::Session},
    request::{
        command::{CommandResponse, new_id, submit},
        meta::RequestMeta,
    },
    state::App,
};

/// Which dead letters run again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartReplay {
    /// As the count gave it back.
    selection: Selection,
    /// The count.
    #[schema(minimum = 1)]
    expected_count: i64,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Most events a second; 50 when absent.
    #[schema(minimum = 1, maximum = 5000)]
    rate: Option<u32>,
}

/// Has dead letters run again, each by the worker that failed and by no other. The
/// operation's `entity_id` is the replay.
#[utoipa::path(
    post,
    path = "/api/admin/replays",
    operation_id = "start_replay",
    tag = "operators",
    request_body = StartReplay,
    responses(CommandResponse),
)]
pub async fn start_replay(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiJson(asked): ApiJson<StartReplay>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let rate = asked.rate.unwrap_or(DEFAULT_RATE);
    if !(1..=MAX_RATE).contains(&rate) {
        return Err(Problem::invalid("rate", "range", "rate is 1 to 5000 events a second."));
    }
    let args = ReplayStartV1 {
        replay_id: ReplayId(new_id(&session, &meta)),
        selection: super::input::selection(asked.selection)?,
        expected_count: super::input::counted(asked.expected_count)?,
        reason: super::input::reason(&asked.reason)?,
        rate,
    };
    submit(&app, &session, &meta, None, args).await
}

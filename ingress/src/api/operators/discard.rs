//! `POST /api/admin/dead-letters/discard`.

use axum::extract::State;
use prosaas_domain::{ids::BatchId, rights::Right};
use prosaas_events::{ops::DeadLetterDiscardV1, selection::Selection};
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

/// Which dead letters nobody needs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardDeadLetters {
    /// As the count gave it back.
    selection: Selection,
    /// The count.
    #[schema(minimum = 1)]
    expected_count: i64,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Closes dead letters that nobody needs. They stay in sight for 120 days.
#[utoipa::path(
    post,
    path = "/api/admin/dead-letters/discard",
    operation_id = "discard_dead_letters",
    tag = "operators",
    request_body = DiscardDeadLetters,
    responses(CommandResponse),
)]
pub async fn discard_dead_letters(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiJson(asked): ApiJson<DiscardDeadLetters>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let args = DeadLetterDiscardV1 {
        batch_id: BatchId(new_id(&session, &meta)),
        selection: super::input::selection(asked.selection)?,
        expected_count: super::input::counted(asked.expected_count)?,
        reason: super::input::reason(&asked.reason)?,
    };
    submit(&app, &session, &meta, None, args).await
}

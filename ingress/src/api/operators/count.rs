//! `POST /api/admin/dead-letters/count`.

use axum::{Json, extract::State};
use prosaas_dead_letters::list::{self, Selected};
use prosaas_domain::rights::Right;
use prosaas_events::selection::Selection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{extract::ApiJson, problem::Problem, session::Session},
    state::App,
};

/// Which dead letters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountDeadLetters {
    /// Named, or found. Without a state those that wait for a person are meant.
    selection: Selection,
}

/// What a selection holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountedDeadLetters {
    /// Always true.
    success: bool,
    /// What it holds.
    #[serde(flatten)]
    selected: Selected,
}

/// How many dead letters a replay or a discard would be about, and which workers would
/// run them. Changes nothing; the selection in the answer is the one to confirm.
#[utoipa::path(
    post,
    path = "/api/admin/dead-letters/count",
    operation_id = "count_dead_letters",
    tag = "operators",
    request_body = CountDeadLetters,
    responses((status = 200, description = "The count", body = CountedDeadLetters)),
)]
pub async fn count_dead_letters(
    State(app): State<App>,
    session: Session,
    ApiJson(asked): ApiJson<CountDeadLetters>,
) -> Result<Json<CountedDeadLetters>, Problem> {
    session.require(Right::Administer, None)?;
    let _turn = app.api.reads.turn(&session, None).await?;
    let selected = list::count(&app.api.database, super::input::selection(asked.selection)?).await?;
    Ok(Json(CountedDeadLetters { success: true, selected }))
}

//! `GET /api/admin/dead-letters/groups`.

use axum::{Json, extract::State};
use prosaas_shared::{
    dead_letters::list::{self, DeadLetterGroup},
    rights::Right,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::DeadLettersQuery;
use crate::{
    api::{Session, extract::ApiQuery},
    app::App,
    problem::Problem,
};

/// Kinds of failures.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterGroups {
    /// The largest first, at most 200.
    items: Vec<DeadLetterGroup>,
}

/// What failed, by worker and kind of failure, the commonest first. `cursor` and
/// `limit` mean nothing here.
#[utoipa::path(
    get,
    path = "/api/admin/dead-letters/groups",
    operation_id = "group_dead_letters",
    tag = "operators",
    params(DeadLettersQuery),
    responses((status = 200, description = "The groups", body = DeadLetterGroups)),
)]
pub async fn group_dead_letters(
    State(app): State<App>,
    session: Session,
    ApiQuery(query): ApiQuery<DeadLettersQuery>,
) -> Result<Json<DeadLetterGroups>, Problem> {
    session.require(Right::Administer, None)?;
    let items = list::groups(&app.api.database, &query.filter()?).await?;
    Ok(Json(DeadLetterGroups { items }))
}

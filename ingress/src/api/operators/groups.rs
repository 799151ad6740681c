//! `GET /api/admin/dead-letters/groups`.

use axum::{Json, extract::State};
use prosaas_dead_letters::list::{self, DeadLetterGroup};
use prosaas_domain::rights::Right;
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::DeadLettersQuery;
use crate::{
    http::{extract::ApiQuery, page::Limit, problem::Problem, session::Session},
    state::App,
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
    // They mean nothing here, and are what the document says all the same.
    Limit::new(query.limit)?;
    if query.cursor.is_some() {
        let why = "There is one page of groups.";
        return Err(Problem { status: 400, ..Problem::invalid("cursor", "cursor", why) });
    }
    let _turn = app.api.reads.turn(&session, None).await?;
    let items = list::groups(&app.api.database, &query.filter()?).await?;
    Ok(Json(DeadLetterGroups { items }))
}

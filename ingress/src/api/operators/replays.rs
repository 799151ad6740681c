//! `GET /api/admin/replays`.

use axum::{Json, extract::State};
use prosaas_dead_letters::replays::{self, Replay};
use prosaas_domain::rights::Right;
use serde::Deserialize;

use crate::{
    http::{
        extract::ApiQuery,
        page::{AtAndId, Limit, Page},
        problem::Problem,
        session::Session,
    },
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "replays";

/// Which page of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReplaysQuery {
    /// Where to go on, from the page before.
    #[param(max_length = 2000)]
    cursor: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Replays, the latest first.
#[utoipa::path(
    get,
    path = "/api/admin/replays",
    operation_id = "list_replays",
    tag = "operators",
    params(ReplaysQuery),
    responses((status = 200, description = "A page", body = Page<Replay>)),
)]
pub async fn list_replays(
    State(app): State<App>,
    session: Session,
    ApiQuery(query): ApiQuery<ReplaysQuery>,
) -> Result<Json<Page<Replay>>, Problem> {
    session.require(Right::Administer, None)?;
    let limit = Limit::new(query.limit)?;
    let after: Option<AtAndId> = app.api.cursors.decode(LIST, &(), query.cursor.as_deref())?;
    let after = after.map(|after| (after.at, after.id));
    let rows = replays::page(&app.api.database, after, limit.probe()).await?;
    let page = Page::new(rows, limit, |last| {
        app.api.cursors.encode(LIST, &(), &AtAndId { at: last.created_at, id: last.id })
    })?;
    Ok(Json(page))
}

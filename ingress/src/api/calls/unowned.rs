//! `GET /api/admin/calls/unowned`.

use axum::{Json, extract::State};
use prosaas_domain::rights::Right;
use serde::Deserialize;

use super::{
    model::Call,
    select::{self, After},
};
use crate::{
    http::{
        extract::ApiQuery,
        page::{Limit, Page},
        problem::Problem,
        session::Session,
    },
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "unowned calls";

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UnownedQuery {
    /// Where the page begins: `next_cursor` of the page before.
    #[param(max_length = 2000)]
    cursor: Option<String>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Calls to numbers that belong to no business, the latest first.
#[utoipa::path(
    get,
    path = "/api/admin/calls/unowned",
    operation_id = "list_unowned_calls",
    tag = "calls",
    params(UnownedQuery),
    responses((status = 200, description = "A page of calls", body = Page<Call>)),
)]
pub async fn unowned(
    State(app): State<App>,
    session: Session,
    ApiQuery(query): ApiQuery<UnownedQuery>,
) -> Result<Json<Page<Call>>, Problem> {
    session.require(Right::Administer, None)?;
    let limit = Limit::new(query.limit)?;
    let cursors = &app.api.cursors;
    let after = cursors.decode(LIST, &(), query.cursor.as_deref())?.unwrap_or_else(|| After::nothing(None));
    let rows = select::unowned(&app.api.database, &after, limit.probe()).await?;
    let Page { items, next_cursor } = Page::new(rows, limit, |row| {
        cursors.encode(LIST, &(), &After { at: row.started_at, call_sid: row.call_sid.clone() })
    })?;
    let items = items.into_iter().map(Call::try_from).collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next_cursor }))
}

//! `GET /api/admin/dead-letters`.

use axum::{Json, extract::State};
use prosaas_dead_letters::list::{self, DeadLetterItem};
use prosaas_domain::rights::Right;

use super::filter::DeadLettersQuery;
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
const LIST: &str = "dead-letters";

/// What failed, the latest first, personal data hidden.
#[utoipa::path(
    get,
    path = "/api/admin/dead-letters",
    operation_id = "list_dead_letters",
    tag = "operators",
    params(DeadLettersQuery),
    responses((status = 200, description = "A page", body = Page<DeadLetterItem>)),
)]
pub async fn list_dead_letters(
    State(app): State<App>,
    session: Session,
    ApiQuery(query): ApiQuery<DeadLettersQuery>,
) -> Result<Json<Page<DeadLetterItem>>, Problem> {
    session.require(Right::Administer, None)?;
    let (filter, limit) = (query.filter()?, Limit::new(query.limit)?);
    let after: Option<AtAndId> = app.api.cursors.decode(LIST, &filter, query.cursor.as_deref())?;
    let after = after.map(|after| (after.at, after.id));
    let _turn = app.api.reads.turn(&session, None).await?;
    let rows = list::page(&app.api.database, &filter, after, limit.probe()).await?;
    let page = Page::new(rows, limit, |last| {
        app.api.cursors.encode(LIST, &filter, &AtAndId { at: last.died_at, id: last.id })
    })?;
    Ok(Json(page))
}

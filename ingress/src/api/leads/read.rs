//! `GET /api/leads/{id}`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use prosaas_domain::{ids::LeadId, rights::Right};

use super::{
    model::{Lead, LeadItem},
    select,
};
use crate::{
    http::{
        etag::entity_tag,
        extract::{ApiPath, ApiQuery},
        problem::Problem,
        query::ScopeQuery,
    },
    request::scope::BusinessScope,
    state::App,
};

/// One lead, also one in the trash. Its `ETag` is what a change names by `If-Match`.
#[utoipa::path(
    get,
    path = "/api/leads/{lead_id}",
    operation_id = "get_lead",
    tag = "leads",
    params(("lead_id" = LeadId, Path), ScopeQuery),
    responses((
        status = 200, description = "The lead", body = Lead,
        headers(("etag" = String, description = "Its version")),
    )),
)]
pub async fn read(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(lead): ApiPath<LeadId>,
    _query: ApiQuery<ScopeQuery>,
) -> Result<Response, Problem> {
    scope.require(Right::ReadCrm)?;
    let row = select::one(&app.api.database, scope.business_id.0, lead.0).await?;
    let mut row = row.ok_or_else(Problem::not_found)?;
    let notes = std::mem::take(&mut row.notes);
    let item = LeadItem::try_from(row)?;
    let tag = [(header::ETAG, entity_tag(item.version))];
    Ok((tag, Json(Lead { item, notes })).into_response())
}

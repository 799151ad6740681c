//! `PATCH /api/leads/{id}`.

use axum::extract::State;
use prosaas_domain::{ids::LeadId, rights::Right};
use prosaas_events::crm::lead::LeadUpdateV1;

use super::{
    delete::already_deleted,
    fields::{LeadPatch, check_owner},
    select,
};
use crate::{
    http::{
        etag::IfMatch,
        extract::{ApiJson, ApiPath, ApiQuery},
        idempotency,
        problem::Problem,
        query::ScopeQuery,
    },
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
        scope::BusinessScope,
    },
    state::App,
};

/// Changes a lead, unless somebody else has changed it since the version that
/// `If-Match` names.
#[utoipa::path(
    patch,
    path = "/api/leads/{lead_id}",
    operation_id = "update_lead",
    tag = "leads",
    params(
        ("lead_id" = LeadId, Path),
        ScopeQuery,
        ("if-match" = String, Header, description = "`ETag` of the version that is changed"),
    ),
    request_body = LeadPatch,
    responses(
        CommandResponse,
        (status = 412, description = "Another version is there"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
pub async fn update(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(lead_id): ApiPath<LeadId>,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
    if_match: IfMatch,
    ApiJson(patch): ApiJson<LeadPatch>,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    let (database, business) = (&app.api.database, scope.business_id.0);
    let current = select::state(database, business, lead_id.0).await?;
    let changes = patch.checked()?;
    check_owner(database, business, changes.owner_id.flatten()).await?;
    let key = meta.idempotency_key.as_ref();
    let repeated = idempotency::known(database, scope.session.user_id, key).await?;
    let expected_version = match if_match.version().filter(|_| repeated) {
        Some(named) => named,
        None if current.deleted && !repeated => return Err(already_deleted()),
        None => if_match.matches(current.version)?,
    };
    let args = LeadUpdateV1 { lead_id, expected_version, changes };
    submit(&app, &scope.session, &meta, Some(scope.business_id), args).await
}

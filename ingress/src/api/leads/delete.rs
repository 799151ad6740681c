//! `DELETE /api/leads/{id}` and `POST /api/leads/{id}/restore`.

use axum::extract::State;
use prosaas_shared::{
    events::crm::lead::{LeadDeleteV1, LeadRestoreV1},
    ids::LeadId,
    rights::Right,
};

use super::select;
use crate::{
    api::{
        BusinessScope, RequestMeta,
        command::CommandResponse,
        extract::{ApiPath, ApiQuery},
        operation::OperationAnswer,
        query::ScopeQuery,
        submit,
    },
    app::App,
    problem::Problem,
};

/// Puts a lead into the trash, where it stays for 30 days.
#[utoipa::path(
    delete,
    path = "/api/leads/{lead_id}",
    operation_id = "delete_lead",
    tag = "leads",
    params(("lead_id" = LeadId, Path), ScopeQuery),
    responses(
        (status = 200, description = "Deleted", body = OperationAnswer),
        (status = 202, description = "Accepted", body = OperationAnswer),
    ),
)]
pub async fn delete(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(lead_id): ApiPath<LeadId>,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    select::version(&app.api.database, scope.business_id.0, lead_id.0).await?;
    submit(&app, &scope.session, &meta, Some(scope.business_id), LeadDeleteV1 { lead_id }).await
}

/// Takes a lead out of the trash.
#[utoipa::path(
    post,
    path = "/api/leads/{lead_id}/restore",
    operation_id = "restore_lead",
    tag = "leads",
    params(("lead_id" = LeadId, Path), ScopeQuery),
    responses(
        (status = 200, description = "Restored", body = OperationAnswer),
        (status = 202, description = "Accepted", body = OperationAnswer),
    ),
)]
pub async fn restore(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(lead_id): ApiPath<LeadId>,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    select::version(&app.api.database, scope.business_id.0, lead_id.0).await?;
    submit(&app, &scope.session, &meta, Some(scope.business_id), LeadRestoreV1 { lead_id }).await
}

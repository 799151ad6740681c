//! `DELETE /api/leads/{id}` and `POST /api/leads/{id}/restore`.

use axum::extract::State;
use prosaas_domain::{ids::LeadId, rights::Right};
use prosaas_events::crm::lead::{LeadDeleteV1, LeadRestoreV1};

use super::select;
use crate::{
    http::{
        extract::{ApiPath, ApiQuery},
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

/// Puts a lead into the trash, where it stays for 30 days.
#[utoipa::path(
    delete,
    path = "/api/leads/{lead_id}",
    operation_id = "delete_lead",
    tag = "leads",
    params(("lead_id" = LeadId, Path), ScopeQuery),
    responses(CommandResponse),
)]
pub async fn delete(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(lead_id): ApiPath<LeadId>,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    refuse(&app, &scope, &meta, lead_id, true).await?;
    submit(&app, &scope.session, &meta, Some(scope.business_id), LeadDeleteV1 { lead_id }).await
}

/// Takes a lead out of the trash.
#[utoipa::path(
    post,
    path = "/api/leads/{lead_id}/restore",
    operation_id = "restore_lead",
    tag = "leads",
    params(("lead_id" = LeadId, Path), ScopeQuery),
    responses(CommandResponse),
)]
pub async fn restore(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(lead_id): ApiPath<LeadId>,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    refuse(&app, &scope, &meta, lead_id, false).await?;
    submit(&app, &scope.session, &meta, Some(scope.business_id), LeadRestoreV1 { lead_id }).await
}

/// Refuses what can change nothing: the lead is where it shall be already. Unless the
/// request was sent before: then it is there because of it.
async fn refuse(
    app: &App,
    scope: &BusinessScope,
    meta: &RequestMeta,
    lead: LeadId,
    deleted: bool,
) -> Result<(), Problem> {
    let database = &app.api.database;
    let state = select::state(database, scope.business_id.0, lead.0).await?;
    let key = meta.idempotency_key.as_ref();
    if state.deleted != deleted || idempotency::known(database, scope.session.user_id, key).await? {
        return Ok(());
    }
    Err(if deleted { already_deleted() } else { not_deleted() })
}

/// The lead is in the trash.
pub(super) fn already_deleted() -> Problem {
    Problem::conflict("/problems/lead-deleted", "This lead is in the trash already.")
}

fn not_deleted() -> Problem {
    Problem::conflict("/problems/lead-not-deleted", "This lead is not in the trash.")
}

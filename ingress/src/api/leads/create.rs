//! `POST /api/leads`.

use axum::extract::State;
use prosaas_domain::{ids::LeadId, rights::Right};
use prosaas_events::crm::lead::LeadCreateV1;

use super::fields::{NewLead, check_owner};
use crate::{
    http::{
        extract::{ApiJson, ApiQuery},
        problem::Problem,
        query::ScopeQuery,
    },
    request::{
        command::{CommandResponse, new_id, submit},
        meta::RequestMeta,
        scope::BusinessScope,
    },
    state::App,
};

/// Enters a lead. The operation's `entity_id` is the lead's id.
#[utoipa::path(
    post,
    path = "/api/leads",
    operation_id = "create_lead",
    tag = "leads",
    params(ScopeQuery),
    request_body = NewLead,
    responses(CommandResponse),
)]
pub async fn create(
    State(app): State<App>,
    scope: BusinessScope,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
    ApiJson(lead): ApiJson<NewLead>,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    let fields = lead.checked()?;
    check_owner(&app.api.database, scope.business_id.0, fields.owner_id).await?;
    let args = LeadCreateV1 { lead_id: LeadId(new_id(&scope.session, &meta)), fields };
    submit(&app, &scope.session, &meta, Some(scope.business_id), args).await
}

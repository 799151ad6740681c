//! `POST /api/calls/{call_sid}/called-back`.

use axum::extract::State;
use prosaas_domain::{ids::CallSid, rights::Right};
use prosaas_events::crm::call::CallMarkCalledBackV1;

use crate::{
    http::{
        extract::{ApiPath, ApiQuery},
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

/// Notes that a missed call's caller was called back. The operation's `entity_id` is a
/// UUID that stands for the call.
#[utoipa::path(
    post,
    path = "/api/calls/{call_sid}/called-back",
    operation_id = "mark_call_called_back",
    tag = "calls",
    params(("call_sid" = CallSid, Path), ScopeQuery),
    responses(CommandResponse),
)]
pub async fn called_back(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(call_sid): ApiPath<CallSid>,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    let missed = sqlx::query_scalar!(
        "SELECT missed FROM prosaas.calls WHERE business_id = $1 AND call_sid = $2",
        scope.business_id.0,
        call_sid.as_str()
    )
    .fetch_optional(&app.api.database)
    .await?
    .ok_or_else(Problem::not_found)?;
    if !missed {
        return Err(Problem::conflict("/problems/call-not-missed", "This call was not missed."));
    }
    submit(&app, &scope.session, &meta, Some(scope.business_id), CallMarkCalledBackV1 { call_sid }).await
}

//! `POST /api/admin/businesses/{business_id}/activate` and `…/deactivate`.

use axum::extract::State;
use prosaas_domain::{ids::BusinessId, rights::Right};
use prosaas_events::crm::business::BusinessSetActiveV1;

use crate::{
    http::{extract::ApiPath, problem::Problem, session::Session},
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
        scope,
    },
    state::App,
};

/// Takes a business up again.
#[utoipa::path(
    post,
    path = "/api/admin/businesses/{business_id}/activate",
    operation_id = "activate_business",
    tag = "businesses",
    params(("business_id" = BusinessId, Path)),
    responses(CommandResponse),
)]
pub async fn activate(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    set_active(&app, &session, business, &meta, true).await
}

/// Puts a business to rest: its people cannot log in, and its numbers get the default
/// answer.
#[utoipa::path(
    post,
    path = "/api/admin/businesses/{business_id}/deactivate",
    operation_id = "deactivate_business",
    tag = "businesses",
    params(("business_id" = BusinessId, Path)),
    responses(CommandResponse),
)]
pub async fn deactivate(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    set_active(&app, &session, business, &meta, false).await
}

async fn set_active(
    app: &App,
    session: &Session,
    business_id: BusinessId,
    meta: &RequestMeta,
    active: bool,
) -> Result<CommandResponse, Problem> {
    scope::of_path(app, session, business_id, Right::Administer).await?;
    submit(app, session, meta, Some(business_id), BusinessSetActiveV1 { business_id, active }).await
}

//! `POST /api/whatsapp/baileys/logout`.

use axum::extract::State;
use prosaas_domain::rights::Right;
use prosaas_events::whatsapp::WhatsappLogoutV1;

use crate::{
    http::problem::Problem,
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
        scope::BusinessScope,
    },
    state::App,
};

/// Unlinks the business's WhatsApp: the session is `unlinking` until WhatsApp has heard it, and then `unlinked`. It
/// goes on by itself while the line is down or the service away; a new init cancels it.
#[utoipa::path(
    post,
    path = "/api/whatsapp/baileys/logout",
    operation_id = "whatsapp_logout",
    tag = "whatsapp",
    params(("business_id" = Option<prosaas_domain::ids::BusinessId>, Query, description = "For system admins")),
    responses(CommandResponse),
)]
pub async fn whatsapp_logout(
    State(app): State<App>,
    scope: BusinessScope,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::LinkWhatsapp)?;
    let business = scope.business_id;
    app.api.limits.linking(business)?;
    submit(&app, &scope.session, &meta, Some(business), WhatsappLogoutV1 { business_id: business }).await
}

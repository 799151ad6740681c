//! `DELETE /api/whatsapp/baileys/session`.

use axum::extract::State;
use prosaas_domain::rights::Right;
use prosaas_events::whatsapp::WhatsappDeleteV1;

use crate::{
    http::problem::Problem,
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
        scope::BusinessScope,
    },
    state::App,
};

/// Forgets everything that is kept of the session at once; where WhatsApp cannot be told now, the device stays on the
/// phone until it is removed there.
#[utoipa::path(
    delete,
    path = "/api/whatsapp/baileys/session",
    operation_id = "whatsapp_delete",
    tag = "whatsapp",
    params(("business_id" = Option<prosaas_domain::ids::BusinessId>, Query, description = "For system admins")),
    responses(CommandResponse),
)]
pub async fn whatsapp_delete(
    State(app): State<App>,
    scope: BusinessScope,
    meta: RequestMeta,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::LinkWhatsapp)?;
    let business = scope.business_id;
    app.api.limits.linking(business)?;
    submit(&app, &scope.session, &meta, Some(business), WhatsappDeleteV1 { business_id: business }).await
}

//! `GET /api/whatsapp/baileys/qr`: the QR code that can be scanned now.

use axum::{Json, extract::State};
use prosaas_domain::rights::Right;
use prosaas_events::whatsapp::WhatsappState;
use prosaas_whatsapp_service::ServiceError;

use super::{
    answer::{LinkAnswer, Refused, or_failed},
    stored,
};
use crate::{
    http::problem::Problem,
    request::{meta::RequestMeta, scope::BusinessScope},
    state::App,
};

/// The QR code that can be scanned now; a new one comes every 20 seconds or so.
#[utoipa::path(
    get,
    path = "/api/whatsapp/baileys/qr",
    operation_id = "whatsapp_qr",
    tag = "whatsapp",
    params(("business_id" = Option<prosaas_domain::ids::BusinessId>, Query, description = "For system admins")),
    responses((status = 200, description = "A QR code, that a phone is linked already, or what to do", body = LinkAnswer)),
)]
pub async fn whatsapp_qr(
    State(app): State<App>,
    scope: BusinessScope,
    meta: RequestMeta,
) -> Result<Json<LinkAnswer>, Problem> {
    scope.require(Right::LinkWhatsapp)?;
    or_failed(&meta, "qr", show(&app, &scope).await, LinkAnswer::Failed)
}

async fn show(app: &App, scope: &BusinessScope) -> Result<LinkAnswer, Refused> {
    let found = stored::find(&app.api.database, scope.business_id).await?;
    let Some(stored) = found else {
        return Err(Refused::state(WhatsappState::NotLinked, "there is no session"));
    };
    if matches!(stored.state, WhatsappState::Connected | WhatsappState::Reconnecting) {
        return Ok(LinkAnswer::already_linked());
    }
    match app.api.whatsapp.qr(stored.id).await {
        Ok(qr) => Ok(LinkAnswer::qr(qr.qr)),
        Err(ServiceError::Refused { status: 404, .. }) => Err(Refused::standing(&stored)),
        Err(error) => Err(Refused::service(&error)),
    }
}

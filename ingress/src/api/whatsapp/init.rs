//! `POST /api/whatsapp/baileys/init`: one press, and the QR code is there.

use std::time::Duration;

use axum::{Json, extract::State};
use prosaas_domain::{ids::WhatsappSessionId, rights::Right};
use prosaas_events::whatsapp::{WhatsappInitV1, WhatsappState};
use prosaas_whatsapp_service::ServiceError;

use super::{
    answer::{LinkAnswer, Refused, or_failed},
    link::{Next, next},
    stored::{self, Stored},
    watch::{Late, Watch},
};
use crate::{
    http::problem::Problem,
    request::{
        command::{ask, new_id},
        meta::RequestMeta,
        scope::BusinessScope,
    },
    state::App,
};

/// How long a QR code is waited for.
const WAIT: Duration = Duration::from_secs(15);

/// Links the business's WhatsApp: answers with the QR code as soon as there is one, after
/// 15 seconds at most, or says why there is none and what to do.
#[utoipa::path(
    post,
    path = "/api/whatsapp/baileys/init",
    operation_id = "whatsapp_init",
    tag = "whatsapp",
    params(("business_id" = Option<prosaas_domain::ids::BusinessId>, Query, description = "For system admins")),
    responses((status = 200, description = "A QR code, that a phone is linked already, or what to do", body = LinkAnswer)),
)]
pub async fn whatsapp_init(
    State(app): State<App>,
    scope: BusinessScope,
    meta: RequestMeta,
) -> Result<Json<LinkAnswer>, Problem> {
    scope.require(Right::LinkWhatsapp)?;
    or_failed(&meta, "init", link(&app, &scope, &meta).await, LinkAnswer::Failed)
}

async fn link(app: &App, scope: &BusinessScope, meta: &RequestMeta) -> Result<LinkAnswer, Refused> {
    let business = scope.business_id;
    app.api.limits.linking(business)?;
    let found = stored::find(&app.api.database, business).await?;
    if let Some(stored) = &found
        && let Some(answer) = at_once(app, stored).await
    {
        return Ok(answer);
    }
    let mut watch = Watch::begin(app, business, WAIT).await;
    let session_id =
        found.map_or_else(|| WhatsappSessionId(new_id(&scope.session, meta)), |stored| stored.id);
    let args = WhatsappInitV1 { business_id: business, session_id };
    let command = ask(app, &scope.session, meta, Some(business), args, false).await?;
    loop {
        match watch.next(app, &command).await {
            Ok(stored) => {
                if let Some(answer) = look(app, &stored).await {
                    return answer;
                }
            }
            Err(late) => return too_late(late),
        }
    }
}

fn too_late(late: Late) -> Result<LinkAnswer, Refused> {
    match late {
        Late::Refused(refused) => Err(refused),
        // Linked, and on its way back: there is nothing to scan.
        Late::Over(Some(stored)) if stored.linked => Ok(LinkAnswer::already_linked()),
        Late::Over(Some(stored)) => Err(Refused::standing(&stored)),
        Late::Over(None) => {
            Err(Refused::state(WhatsappState::Requesting, "no worker has applied the command in time"))
        }
    }
}

/// What needs no command: it works, or a QR code waits to be scanned.
async fn at_once(app: &App, stored: &Stored) -> Option<LinkAnswer> {
    match next(stored, app.clock.now()) {
        Next::Linked => Some(LinkAnswer::already_linked()),
        Next::AskForQr => app.api.whatsapp.qr(stored.id).await.ok().map(|qr| LinkAnswer::qr(qr.qr)),
        Next::Wait | Next::Over | Next::Away => None,
    }
}

async fn look(app: &App, stored: &Stored) -> Option<Result<LinkAnswer, Refused>> {
    match next(stored, app.clock.now()) {
        Next::Wait => None,
        Next::Linked => Some(Ok(LinkAnswer::already_linked())),
        Next::Over => Some(Err(Refused::standing(stored))),
        Next::Away => Some(Err(Refused::away(stored.call_error.clone().unwrap_or_default()))),
        Next::AskForQr => match app.api.whatsapp.qr(stored.id).await {
            Ok(qr) => Some(Ok(LinkAnswer::qr(qr.qr))),
            // It was scanned, or replaced by the next one: the next fact tells.
            Err(ServiceError::Refused { status: 404, .. }) => None,
            Err(error) => Some(Err(Refused::service(&error))),
        },
    }
}

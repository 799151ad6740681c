//! `GET /api/whatsapp/baileys/status`: how the link stands.

use std::time::Duration;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::rights::Right;
use prosaas_events::whatsapp::WhatsappState;
use prosaas_whatsapp_service::ServiceError;
use serde::Serialize;
use utoipa::ToSchema;

use super::stored::{self, Stored};
use crate::{http::problem::Problem, request::scope::BusinessScope, state::App};

/// How long the service may take to confirm that a connection stands.
const CONFIRM: Duration = Duration::from_millis(1500);

/// How the link stands. Agents see only state and time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusAnswer {
    /// Always true.
    success: bool,
    /// How it stands.
    state: WhatsappState,
    /// Since when.
    #[schema(required = true)]
    since: Option<DateTime<Utc>>,
    /// Why, in English words for the log.
    #[schema(required = true)]
    reason: Option<String>,
    /// The same as a stable code.
    #[schema(required = true)]
    code: Option<String>,
    /// Before when nothing is tried, such as the end of a ban.
    #[schema(required = true)]
    until: Option<DateTime<Utc>>,
    /// Until when the QR code or the pairing code can be used.
    #[schema(required = true)]
    qr_expires_at: Option<DateTime<Utc>>,
    /// WhatsApp's last code.
    #[schema(required = true)]
    last_code: Option<i32>,
    /// The linked account's number.
    #[schema(required = true)]
    phone: Option<String>,
}

/// How the business's WhatsApp link stands.
#[utoipa::path(
    get,
    path = "/api/whatsapp/baileys/status",
    operation_id = "whatsapp_status",
    tag = "whatsapp",
    params(("business_id" = Option<prosaas_domain::ids::BusinessId>, Query, description = "For system admins")),
    responses((status = 200, description = "How it stands", body = StatusAnswer)),
)]
pub async fn whatsapp_status(
    State(app): State<App>,
    scope: BusinessScope,
) -> Result<Json<StatusAnswer>, Problem> {
    scope.require(Right::ReadWhatsapp)?;
    let found = stored::find(&app.api.database, scope.business_id).await?;
    let answer = match found {
        Some(stored) => confirmed(&app, stored).await,
        None => StatusAnswer {
            success: true,
            state: WhatsappState::NotLinked,
            since: None,
            reason: None,
            code: None,
            until: None,
            qr_expires_at: None,
            last_code: None,
            phone: None,
        },
    };
    let all = scope.require(Right::LinkWhatsapp).is_ok();
    Ok(Json(if all { answer } else { answer.state_only() }))
}

impl StatusAnswer {
    fn of(stored: Stored) -> Self {
        Self {
            success: true,
            state: stored.state,
            since: Some(stored.since),
            // What keeps us from the service is the nearer reason.
            reason: stored.call_error.or(stored.reason),
            code: stored.call_code.or(stored.reason_code),
            until: stored.until,
            qr_expires_at: stored.qr_expires_at,
            last_code: stored.last_code,
            phone: stored.phone,
        }
    }

    fn state_only(self) -> Self {
        Self {
            reason: None,
            code: None,
            until: None,
            qr_expires_at: None,
            last_code: None,
            phone: None,
            ..self
        }
    }
}

/// A connection stands only as long as the service does: whether it does is asked there.
async fn confirmed(app: &App, stored: Stored) -> StatusAnswer {
    let id = stored.id;
    let answer = StatusAnswer::of(stored);
    if answer.state != WhatsappState::Connected {
        return answer;
    }
    match tokio::time::timeout(CONFIRM, app.api.whatsapp.status(id)).await {
        Ok(Ok(seen)) if seen.state != answer.state => StatusAnswer {
            state: seen.state,
            since: seen.since,
            reason: seen.reason,
            code: seen.reason_code,
            until: seen.until,
            last_code: seen.last_code,
            ..answer
        },
        Ok(Ok(_) | Err(ServiceError::Refused { .. })) => answer,
        Ok(Err(_)) | Err(_) => StatusAnswer {
            state: WhatsappState::Reconnecting,
            since: None,
            reason: Some("The WhatsApp service does not answer; it comes back by itself".to_owned()),
            code: Some("service_away".to_owned()),
            ..answer
        },
    }
}

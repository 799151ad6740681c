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
        // What keeps us from the service is the nearer reason, until something newer is told.
        let (reason, code) = if stored.is_newer_than_call() {
            (stored.reason, stored.reason_code)
        } else {
            (stored.call_error.or(stored.reason), stored.call_code.or(stored.reason_code))
        };
        Self {
            success: true,
            state: stored.state,
            since: Some(stored.since),
            reason,
            code,
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use prosaas_domain::ids::WhatsappSessionId;

    use super::*;

    /// A call failed at second 10.
    fn answer(since: i64) -> StatusAnswer {
        let at = |second| DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        StatusAnswer::of(Stored {
            id: WhatsappSessionId(uuid::Uuid::nil()),
            state: WhatsappState::Expired,
            since: at(since),
            last_code: Some(408),
            reason: Some("The QR code was not scanned in time".to_owned()),
            reason_code: Some("qr_expired".to_owned()),
            until: None,
            qr_expires_at: None,
            linked: false,
            phone: None,
            requested_at: Some(at(5)),
            call_error: Some("WhatsApp gives no more pairing codes for now".to_owned()),
            call_code: Some("pairing_too_often".to_owned()),
            call_failed_at: Some(at(10)),
            pairing_code: None,
        })
    }

    #[test]
    fn the_newer_reason_is_told() {
        assert_eq!(answer(9).code.as_deref(), Some("pairing_too_often"), "the call failed in this state");
        let later = answer(11);
        assert_eq!(later.code.as_deref(), Some("qr_expired"));
        assert_eq!(later.reason.as_deref(), Some("The QR code was not scanned in time"));
    }
}

//! `POST /api/whatsapp/baileys/pairing-code`: a code to type, for people whose only screen
//! is the phone.

use std::time::Duration;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::WhatsappSessionId,
    phone::{self, E164},
    rights::Right,
};
use prosaas_events::whatsapp::{WhatsappPairingCodeV1, WhatsappState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::{Failed, Refused, or_failed},
    stored::{self, Stored},
    watch::{Late, Watch},
};
use crate::{
    http::{extract::ApiJson, problem::Problem},
    request::{
        command::{ask, new_id},
        meta::RequestMeta,
        scope::BusinessScope,
    },
    state::App,
};

/// How long a code is waited for: WhatsApp gives one only after its first QR code.
const WAIT: Duration = Duration::from_secs(25);

/// Which phone is to be linked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingRequest {
    /// Its number, in any spelling; Israeli where it has no country code.
    #[schema(min_length = 4, max_length = 40)]
    phone: String,
}

/// What it answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum PairingAnswer {
    /// There is a code.
    Code(CodeAnswer),
    /// There is none.
    Failed(Failed),
}

/// A code to type on the phone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeAnswer {
    /// Always true.
    success: bool,
    /// Eight characters.
    code: String,
    /// Until when it can be typed.
    expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for CodeAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeAnswer")
    }
}

/// Asks WhatsApp for a code that links the phone when it is typed there.
#[utoipa::path(
    post,
    path = "/api/whatsapp/baileys/pairing-code",
    operation_id = "whatsapp_pairing_code",
    tag = "whatsapp",
    params(("business_id" = Option<prosaas_domain::ids::BusinessId>, Query, description = "For system admins")),
    request_body = PairingRequest,
    responses((status = 200, description = "A code, or what to do", body = PairingAnswer)),
)]
pub async fn whatsapp_pairing_code(
    State(app): State<App>,
    scope: BusinessScope,
    meta: RequestMeta,
    ApiJson(request): ApiJson<PairingRequest>,
) -> Result<Json<PairingAnswer>, Problem> {
    scope.require(Right::LinkWhatsapp)?;
    let phone = phone::dialable(&request.phone).map_err(|why| {
        let example = "Write one such as +972541234567 or 054-1234567.";
        Problem::invalid("phone", "format", format!("{why} {example}"))
    })?;
    or_failed(&meta, "pairing-code", code(&app, &scope, &meta, phone).await, PairingAnswer::Failed)
}

async fn code(
    app: &App,
    scope: &BusinessScope,
    meta: &RequestMeta,
    phone: E164,
) -> Result<PairingAnswer, Refused> {
    let business_id = scope.business_id;
    app.api.limits.linking(business_id)?;
    let found = stored::find(&app.api.database, business_id).await?;
    let mut watch = Watch::begin(app, business_id, WAIT).await;
    let session_id =
        found.map_or_else(|| WhatsappSessionId(new_id(&scope.session, meta)), |stored| stored.id);
    let args = WhatsappPairingCodeV1 { business_id, session_id, phone };
    let command = ask(app, &scope.session, meta, Some(business_id), args, false).await?;
    loop {
        match watch.next(app, &command).await {
            Ok(stored) => {
                if let Some(answer) = look(&stored) {
                    return answer;
                }
            }
            Err(late) => return Err(too_late(late)),
        }
    }
}

fn too_late(late: Late) -> Refused {
    match late {
        Late::Refused(refused) => refused,
        Late::Over(last) => {
            let (state, reason) = last.map_or((WhatsappState::Requesting, None), |s| (s.state, s.reason));
            Refused::Because {
                code: "no_code".to_owned(),
                until: None,
                sentence: "WhatsApp has given no code. Please try again in a minute, or scan the QR code."
                    .to_owned(),
                cause: format!("{}: {}", state.as_str(), reason.as_deref().unwrap_or("no code in time")),
            }
        }
    }
}

fn look(stored: &Stored) -> Option<Result<PairingAnswer, Refused>> {
    if let Some((code, expires_at)) = stored.pairing_code.clone() {
        return Some(Ok(PairingAnswer::Code(CodeAnswer { success: true, code, expires_at })));
    }
    let reason = stored.call_error.as_deref()?;
    Some(Err(Refused::Because {
        code: stored.call_code.clone().unwrap_or_else(|| "no_code".to_owned()),
        until: None,
        sentence: format!(
            "{}. There is no code now; please try again in a minute.",
            reason.trim_end_matches('.')
        ),
        cause: reason.to_owned(),
    }))
}

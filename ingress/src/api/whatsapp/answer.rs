//! The answers that the design fixes: a QR text, that a phone is linked already, or a
//! sentence that says what to do.

use axum::Json;
use chrono::{DateTime, Utc};
use prosaas_events::whatsapp::WhatsappState;
use prosaas_whatsapp_service::ServiceError;
use serde::Serialize;
use utoipa::ToSchema;

use super::stored::Stored;
use crate::{http::problem::Problem, request::meta::RequestMeta};

/// What init and qr answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum LinkAnswer {
    /// There is a QR code to scan.
    Qr(QrAnswer),
    /// Nothing is to be done.
    AlreadyLinked(AlreadyLinked),
    /// There is no QR code.
    Failed(Failed),
}

/// A QR code to scan.
#[derive(Serialize, ToSchema)]
pub struct QrAnswer {
    /// Always true.
    success: bool,
    /// The QR code's text.
    qr: String,
}

impl std::fmt::Debug for QrAnswer {
    /// Whoever scans it links: it is never printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("QrAnswer")
    }
}

/// A phone is linked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlreadyLinked {
    /// Always true.
    success: bool,
    /// Always true.
    already_linked: bool,
}

/// It did not work.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failed {
    /// Always false.
    success: bool,
    /// What to do, in English words for the log.
    error: String,
    /// Why, as a stable code: of the reason, or of the state where there is none.
    code: String,
    /// Before when nothing is tried.
    #[schema(required = true)]
    until: Option<DateTime<Utc>>,
}

impl LinkAnswer {
    /// That QR code.
    pub fn qr(qr: String) -> Self {
        Self::Qr(QrAnswer { success: true, qr })
    }

    /// A phone is linked.
    pub fn already_linked() -> Self {
        Self::AlreadyLinked(AlreadyLinked { success: true, already_linked: true })
    }
}

/// Why there is no QR code, or no code.
#[derive(Debug)]
pub enum Refused {
    /// Something stands in the way.
    Because {
        /// Which, as a stable code.
        code: String,
        /// Before when nothing is tried.
        until: Option<DateTime<Utc>>,
        /// What to do.
        sentence: String,
        /// Why, for the log.
        cause: String,
    },
    /// A problem of the request itself, or of what it needs.
    Problem(Problem),
}

impl Refused {
    /// The WhatsApp service gave nothing.
    pub fn service(error: &ServiceError) -> Self {
        Self::away(error.to_string())
    }

    /// The WhatsApp service does not answer, or no worker calls it.
    pub fn away(cause: String) -> Self {
        Self::Because { code: "service_away".to_owned(), until: None, sentence: AWAY.to_owned(), cause }
    }

    /// The session stands in the way.
    pub fn standing(stored: &Stored) -> Self {
        let Stored { state, reason, reason_code, until, .. } = stored;
        let words = reason.as_deref().unwrap_or("no reason given");
        Self::Because {
            code: reason_code.as_deref().unwrap_or(state.as_str()).to_owned(),
            until: *until,
            sentence: sentence(*state, reason.as_deref()),
            cause: format!("{}: {words}", state.as_str()),
        }
    }

    /// There is no session, or none that was applied in time.
    pub fn state(state: WhatsappState, cause: &str) -> Self {
        Self::Because {
            code: state.as_str().to_owned(),
            until: None,
            sentence: sentence(state, None),
            cause: cause.to_owned(),
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Problem(error.into())
    }
}

/// What to do while the service is away.
pub const AWAY: &str = "The WhatsApp service is not answering right now. It is tried again by itself; \
                        please press the button again in a minute.";

/// Turns a refusal into an answer with status 200, and logs it; who may not ask, or asks
/// for something that cannot be, gets the problem itself.
pub fn or_failed<T>(
    meta: &RequestMeta,
    endpoint: &'static str,
    outcome: Result<T, Refused>,
    failed: impl FnOnce(Failed) -> T,
) -> Result<Json<T>, Problem> {
    let (failure, cause) = match outcome {
        Ok(answer) => return Ok(Json(answer)),
        Err(Refused::Problem(problem)) if matches!(problem.status, 400..=404 | 422) => return Err(problem),
        Err(Refused::Problem(problem)) => {
            let code = problem.kind.rsplit('/').next().unwrap_or_default().to_owned();
            let error = problem.error.to_string();
            (Failed { success: false, error, code, until: None }, problem.kind.to_string())
        }
        Err(Refused::Because { code, until, sentence, cause }) => {
            (Failed { success: false, error: sentence, code, until }, cause)
        }
    };
    tracing::warn!(event = "whatsapp.refused", endpoint, request_id = meta.request_id, cause);
    metrics::counter!("prosaas_whatsapp_refused_total", "endpoint" => endpoint).increment(1);
    Ok(Json(failed(failure)))
}

/// What people are told when the session stands so and they want a QR code.
pub fn sentence(state: WhatsappState, reason: Option<&str>) -> String {
    use WhatsappState as S;
    let next = match state {
        S::NotLinked => "WhatsApp is not linked. Press the button to get a QR code.",
        S::Requesting => "There is no QR code yet. Please wait half a minute and press the button again.",
        S::QrReady => "The QR code is being renewed. Please press the button again.",
        S::Expired => "The QR code was not scanned in time. Press the button to get a new one.",
        S::Interrupted => "The code became void before it was used. Press the button to get a new one.",
        S::CodeReady => "Type the code into WhatsApp on the phone.",
        S::Pairing => "A phone is being linked at this moment. Please wait a little.",
        S::Connected | S::Reconnecting => "WhatsApp is linked already.",
        S::Replaced => {
            "Another program has taken the connection over. Close it, then press the button again."
        }
        S::Unlinking => "The earlier link is still being unlinked. Wait for it, or forget it now.",
        S::Unlinked => "WhatsApp was unlinked. Press the button to get a new QR code.",
        S::LoggedOut => "WhatsApp was unlinked on the phone. Press the button to get a new QR code.",
        S::Stopped => "Linking has stopped. Press the button to try again.",
    };
    match reason.map(|reason| reason.trim_end_matches('.')).filter(|reason| !reason.is_empty()) {
        Some(reason) if matches!(state, S::Requesting | S::Stopped) => format!("{reason}. {next}"),
        _ => next.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_three_shapes() -> anyhow::Result<()> {
        let shape = |answer: LinkAnswer| serde_json::to_value(answer);
        assert_eq!(shape(LinkAnswer::qr("2@x".to_owned()))?, json!({ "success": true, "qr": "2@x" }));
        assert_eq!(shape(LinkAnswer::already_linked())?, json!({ "success": true, "alreadyLinked": true }));
        let (error, code) = ("Wait.".to_owned(), "requesting".to_owned());
        let failed = LinkAnswer::Failed(Failed { success: false, error, code, until: None });
        let wanted = json!({ "success": false, "error": "Wait.", "code": "requesting", "until": null });
        assert_eq!(shape(failed)?, wanted);
        assert!(!format!("{:?}", LinkAnswer::qr("2@x".to_owned())).contains("2@x"));
        Ok(())
    }

    #[test]
    fn every_sentence_says_what_to_do() {
        for state in WhatsappState::ALL {
            let text = sentence(state, Some("WhatsApp cannot be reached."));
            assert!(text.ends_with('.') && !text.contains(".."), "{text}");
        }
        let text = sentence(WhatsappState::Stopped, Some("The phone must be updated"));
        assert_eq!(text, "The phone must be updated. Linking has stopped. Press the button to try again.");
    }

    #[test]
    fn only_who_may_not_ask_gets_a_problem() {
        let meta = RequestMeta::for_tests();
        let answer = |status| {
            let problem = Problem::new(status, "/problems/x", "T", "E.");
            or_failed(&meta, "init", Err(Refused::Problem(problem)), LinkAnswer::Failed)
        };
        for status in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND] {
            assert!(answer(status).is_err(), "{status}");
        }
        for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS] {
            assert!(matches!(answer(status), Ok(Json(LinkAnswer::Failed(_)))), "{status}");
        }
    }
}

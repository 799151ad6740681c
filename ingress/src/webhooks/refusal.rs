//! Requests that get no TwiML: why, in a 4xx, a log line without personal data
//! and a counter.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use prosaas_twilio::{FormError, SignatureError};

use crate::http::problem::Problem;

/// Why a request under `/webhook` is refused. None of these reaches a worker.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Twilio's bodies have a few kB.
    #[error("the body is larger than 64 kB")]
    TooLarge,
    /// The connection broke while the body was read.
    #[error("the body did not arrive whole")]
    Incomplete,
    /// Its sender took too long.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// Neither a form nor JSON.
    #[error("the content type is neither a form nor JSON")]
    ContentType,
    /// The parameters cannot be read.
    #[error("the parameters cannot be read: {0}")]
    Unreadable(#[from] FormError),
    /// The signature is missing or wrong.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// Signed, but of another account; or of none.
    #[error("the request is not of our Twilio account")]
    Account,
    /// A parameter is missing or does not fit its grammar.
    #[error("the parameter {0} is missing or malformed")]
    Parameter(&'static str),
    /// Neither the local log nor the last resort could take the event.
    #[error("the event could not be kept")]
    NotKept,
}

impl Refusal {
    /// Status, and a name for problem types, log lines and metrics.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "/problems/too-large"),
            Self::Incomplete => (StatusCode::BAD_REQUEST, "incomplete", "/problems/unreadable"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow", "/problems/too-slow"),
            Self::ContentType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", "/problems/unsupported-media-type")
            }
            Self::Unreadable(_) => (StatusCode::BAD_REQUEST, "unreadable", "/problems/unreadable"),
            Self::Signature(_) => (StatusCode::FORBIDDEN, "signature", "/problems/signature"),
            Self::Account => (StatusCode::FORBIDDEN, "account", "/problems/account"),
            Self::Parameter(_) => (StatusCode::BAD_REQUEST, "parameter", "/problems/parameter"),
            Self::NotKept => (StatusCode::SERVICE_UNAVAILABLE, "not_kept", "/problems/unavailable"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, outcome, kind) = self.kind();
        metrics::counter!("prosaas_webhook_refused_total", "reason" => outcome).increment(1);
        tracing::warn!(event = "webhook.refused", reason = outcome, status = status.as_u16(), cause = %self);
        Problem::new(status, kind, "The webhook was refused", sentence(&self.to_string())).into_response()
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

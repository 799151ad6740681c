//! Errors as problem documents (RFC 9457), which also carry `success: false` and
//! a sentence for people.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// An error answer.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Always false: older clients look at this alone.
    pub success: bool,
    /// A sentence for people.
    pub error: String,
}

impl Problem {
    /// A problem of a kind, `/problems/<kind>`.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        error: impl Into<String>,
    ) -> Self {
        Self { kind, title, status: status.as_u16(), success: false, error: error.into() }
    }

    /// Nothing lies there.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "/problems/not-found",
            "Not found",
            "There is nothing at this address.",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let json = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, json)], body).into_response()
    }
}

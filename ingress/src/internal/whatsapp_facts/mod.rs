//! `POST /internal/whatsapp/facts`: the WhatsApp service reports what happened.
//!
//! 204 means that the fact is in the local log, on disk: the service then forgets it.
//! 401, 429 and 5xx: it comes again. Any other 4xx: it never does.

#[cfg(test)]
mod tests;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State},
    response::{IntoResponse as _, Response},
    routing::post,
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use prosaas_domain::ids::{BusinessId, WhatsappSessionId};
use prosaas_event_log::{AppendError, NewEvent};
use prosaas_events::{
    CloudEvent,
    subjects::Subject,
    whatsapp::{WhatsappFact, WhatsappFactV1},
};
use prosaas_platform::{
    internal_auth::{self, Refusal},
    telemetry::TraceParent,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    http::{connections::is_too_slow, problem::Problem},
    state::App,
};

/// Where facts come from.
const SOURCE: &str = "/baileys";

/// Largest body, bytes: a fact has some hundred.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// The route; for the internal listener only.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/internal/whatsapp/facts", post(receive))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// A fact as the service posts it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    id: Uuid,
    session_id: WhatsappSessionId,
    business_id: BusinessId,
    sequence: u64,
    generation: u64,
    kind: String,
    occurred_at: DateTime<Utc>,
    data: serde_json::Value,
}

impl Posted {
    fn fact(&mut self) -> Result<WhatsappFact, serde_json::Error> {
        let data = self.data.take();
        serde_json::from_value(serde_json::json!({ "kind": self.kind, "data": data }))
    }
}

async fn receive(State(app): State<App>, request: Request) -> Response {
    let (outcome, answer) = match keep(&app, request).await {
        Ok(()) => ("kept", StatusCode::NO_CONTENT.into_response()),
        Err(refused) => refused.answer(),
    };
    metrics::counter!("prosaas_whatsapp_facts_total", "outcome" => outcome).increment(1);
    answer
}

/// Why a fact is not taken. Its data is not named: it may hold a number.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the body is too large or did not arrive whole")]
    Body,
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("{0}")]
    Signature(#[from] Refusal),
    #[error("the fact is not of the agreed form (line {line}, column {column})")]
    Form { line: usize, column: usize },
    #[error("{0}")]
    NotKept(#[from] AppendError),
}

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Self {
        Self::Form { line: error.line(), column: error.column() }
    }
}

impl Refused {
    fn answer(self) -> (&'static str, Response) {
        let (status, outcome, kind) = match &self {
            Self::Body => (StatusCode::PAYLOAD_TOO_LARGE, "body", "/problems/too-large"),
            // Not 408: a 4xx would be the fact's end.
            Self::TooSlow => (StatusCode::SERVICE_UNAVAILABLE, "too_slow", "/problems/too-slow"),
            Self::Signature(Refusal::Busy) => {
                (StatusCode::SERVICE_UNAVAILABLE, "busy", "/problems/unavailable")
            }
            Self::Signature(_) => (StatusCode::UNAUTHORIZED, "signature", "/problems/signature"),
            Self::Form { .. } => (StatusCode::BAD_REQUEST, "form", "/problems/bad-request"),
            Self::NotKept(AppendError::TooLarge) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "/problems/too-large")
            }
            Self::NotKept(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_kept", "/problems/unavailable"),
        };
        tracing::warn!(event = "whatsapp.fact_refused", reason = outcome, status = status.as_u16(), cause = %self);
        let problem = Problem::new(status, kind, "The fact was not taken", self.to_string());
        (outcome, problem.into_response())
    }
}

async fn keep(app: &App, request: Request) -> Result<(), Refused> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES)
        .await
        .map_err(|error| if is_too_slow(&error) { Refused::TooSlow } else { Refused::Body })?;
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    verify(app, parts.method.as_str(), target, &parts.headers, &body)?;
    let mut posted: Posted = serde_json::from_slice(&body)?;
    let fact = posted.fact()?;
    let now = app.clock.now();
    let data = WhatsappFactV1 {
        session_id: posted.session_id,
        sequence: posted.sequence,
        generation: posted.generation,
        occurred_at: posted.occurred_at,
        fact,
    };
    let session = posted.session_id;
    let mut event = CloudEvent::new(posted.id.into(), SOURCE.to_owned(), session.to_string(), now, data);
    event.businessid = Some(posted.business_id);
    event.traceparent = TraceParent::of(&tracing::Span::current()).map(|trace| trace.to_string());
    app.api.log.append(NewEvent::encode(Subject::whatsapp_fact(session), event)?).await?;
    Ok(())
}

fn verify(app: &App, method: &str, target: &str, headers: &HeaderMap, body: &Bytes) -> Result<(), Refusal> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let request = internal_auth::Request { method, path_and_query: target, body };
    app.api.internal_requests.verify(header, request, app.clock.now())
}

//! Every route of the API, and what lies around them.
//!
//! A request passes, from the outside in: its name and its network's rate ([`meta`]), the
//! check that it comes from our own pages ([`cross_site`]), the time limit, its fingerprint,
//! then the handler's extractors: who asks ([`Session`](crate::http::session::Session)), about
//! which business ([`BusinessScope`](crate::request::scope::BusinessScope)), and what
//! ([`extract`](crate::http::extract)). A change becomes a command
//! ([`command`](crate::request::command)); everything else is read from Postgres.

use std::time::Duration;

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::any,
};
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use super::openapi;
use crate::{
    api::{audit, auth, businesses, calls, leads, live, operators, people, recordings, summary, whatsapp},
    http::{prefer, problem::Problem},
    request::{
        cross_site, meta, operation,
        routes::{Description, Routes, routes},
    },
    state::App,
};

/// Longest time that a request may take: the longest wait for an operation, and five
/// seconds.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(prefer::MAX_WAIT_S + 5);

/// Every route that answers within [`REQUEST_TIMEOUT`].
fn prompt_routes<D: Description>() -> Routes<D> {
    routes![summary::summary, operation::get]
        .merge(auth::routes())
        .merge(people::routes())
        .merge(audit::routes())
        .merge(operators::routes())
        .merge(whatsapp::routes())
        .merge(leads::routes())
        .merge(calls::routes())
        .merge(businesses::routes())
}

/// Every route; those that stream sound and updates may last.
fn all_routes<D: Description>() -> Routes<D> {
    prompt_routes()
        .map(|prompt| prompt.layer(from_fn(finish)).layer(from_fn(limit_time)))
        .merge(recordings::routes())
        .merge(live::routes())
}

/// The routes under `/api`, with everything that lies around them.
pub fn routes(app: &App) -> Router<App> {
    all_routes::<()>()
        .into_router()
        .route("/api", any(nothing_here))
        .route("/api/{*rest}", any(nothing_here))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(meta::fingerprint))
        .layer(from_fn_with_state(app.clone(), cross_site::guard))
        .layer(from_fn_with_state(app.clone(), meta::arrive))
}

/// The API's document, as committed under `docs/`.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(all_routes().into_description())
}

/// The panic itself is in the log: the hook wrote it. Its text is nobody else's.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::internal().into_response()
}

async fn nothing_here() -> Problem {
    Problem::not_found()
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "/problems/method-not-allowed",
        "Method not allowed",
        "This address does not take this method.",
    )
}

/// A request that was begun is carried out, though its client hangs up: Postgres goes on
/// with a statement that nobody waits for, and its connection and its turn must not be
/// taken for free meanwhile.
async fn finish(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Problem::unavailable().into_response(),
        },
    }
}

async fn limit_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request))
        .await
        .unwrap_or_else(|_| Problem::unavailable().into_response())
}

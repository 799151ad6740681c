//! The web app's API.
//!
//! A request passes, from the outside in: its name and its network's rate
//! ([`request_meta`]), the check that it comes from our own pages ([`csrf`]), the
//! time limit, its fingerprint, then the handler's extractors: who asks
//! ([`session`]), about which business ([`scope`]), and what ([`extract`]). A change
//! becomes a command ([`command`]); everything else is read from Postgres.

pub mod audit;
pub mod audit_record;
pub mod auth;
pub mod businesses;
pub mod calls;
pub mod client;
pub mod command;
pub mod cookie;
pub mod csrf;
pub mod etag;
pub mod extract;
pub mod idempotency;
pub mod keys;
pub mod leads;
pub mod live;
pub mod mail;
pub mod openapi;
pub mod operation;
pub mod operators;
pub mod page;
pub mod people;
pub mod planned;
pub mod prefer;
pub mod query;
pub mod rate_limit;
pub mod recordings;
pub mod request_meta;
mod routes;
pub mod scope;
pub mod session;
pub mod state;
pub mod stored;
pub mod summary;
pub mod text;
pub mod turns;
pub mod upkeep;
mod waiting;
pub mod whatsapp;

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

use self::routes::{Description, Routes, routes};
pub use self::{
    command::submit, request_meta::RequestMeta, scope::BusinessScope, session::Session, state::ApiState,
};
use crate::{app::App, problem::Problem};

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

/// The API's routes, `/api/…`, with everything that lies around them.
pub fn routes(app: &App) -> Router<App> {
    all_routes::<()>()
        .into_router()
        .route("/api", any(nothing_here))
        .route("/api/{*rest}", any(nothing_here))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(request_meta::fingerprint))
        .layer(from_fn_with_state(app.clone(), csrf::guard))
        .layer(from_fn_with_state(app.clone(), request_meta::arrive))
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

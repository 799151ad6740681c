//! Refuses requests of other sites.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode};

use crate::{http::problem::Problem, state::App};

/// Refuses what another site's page made the browser send.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || app.api.origins.allow(request.headers()) {
        return next.run(request).await;
    }
    tracing::warn!(event = "api.cross_site_refused", "a page of another site sent a request");
    Problem::new(
        StatusCode::FORBIDDEN,
        "/problems/cross-site",
        "Cross-site request",
        "This request did not come from our own pages.",
    )
    .into_response()
}

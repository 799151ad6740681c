//! Every route. No other file knows them all.

pub mod api;
pub mod openapi;
pub mod spa;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};
use http::{HeaderName, HeaderValue, header};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    health,
    http::{metrics, problem::Problem},
    state::App,
    webhooks,
};

/// The public listener's routes.
pub fn public_router(app: App) -> Router {
    let router = Router::new()
        .merge(webhooks::routes())
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/webhook/{*rest}", axum::routing::any(not_found))
        .layer(DefaultBodyLimit::max(webhooks::MAX_BODY_BYTES))
        .merge(api::routes(&app));
    let router = match &app.static_dir {
        Some(folder) => router.fallback_service(spa::service(folder)),
        None => router.fallback(not_found),
    };
    router
        .layer(from_fn_with_state(app.clone(), security_headers))
        .layer(axum::middleware::from_fn(metrics::record))
        .layer(CatchPanicLayer::new())
        .with_state(app)
}

/// What every answer carries. A page's own policy (the SPA's) is left as it is.
async fn security_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    const ALWAYS: [(HeaderName, &str); 3] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: it would make our own forms' `Origin` null.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.public_url.scheme() == "https" {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    response
}

async fn not_found() -> Problem {
    Problem::not_found()
}

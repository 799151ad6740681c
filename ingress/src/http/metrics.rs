//! How long each request took, by route, and its span.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use prosaas_platform::telemetry::{TraceParent, set_parent};
use tracing::Instrument as _;

/// Measures the request and wraps it in a span that joins the caller's trace.
pub async fn record(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!(
        "http.request",
        method = %request.method(),
        route = route.as_deref(),
        request_id = tracing::field::Empty,
        user_id = tracing::field::Empty,
        network = tracing::field::Empty,
    );
    if let Some(parent) =
        request.headers().get("traceparent").and_then(|v| TraceParent::parse(v.to_str().ok()?))
    {
        set_parent(&span, &parent);
    }
    let response = next.run(request).instrument(span).await;
    metrics::histogram!("prosaas_http_request_seconds", "route" => route.unwrap_or_else(|| "none".to_owned()))
        .record(began.elapsed());
    response
}

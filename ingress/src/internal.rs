//! The internal listener: never reachable from outside.

use axum::{Router, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;

/// The routes: metrics for Prometheus, and a health check.
pub fn router(metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/metrics", get(move || std::future::ready(metrics.render())))
        .route("/health", get(crate::health::health))
}

//! The internal listener: never reachable from outside.

use axum::{Router, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{app::App, facts};

/// The routes: metrics for Prometheus, a health check, and the WhatsApp service's facts.
pub fn router(app: App, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/metrics", get(move || std::future::ready(metrics.render())))
        .route("/health", get(crate::health::health))
        .merge(facts::routes())
        .with_state(app)
}

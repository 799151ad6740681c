//! The internal listener: never reachable from outside.

pub mod whatsapp_facts;

use axum::{Router, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{health, state::App};

/// The routes: metrics for Prometheus, a health check, and the WhatsApp service's facts.
pub fn router(app: App, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/metrics", get(move || std::future::ready(metrics.render())))
        .route("/health", get(health::health))
        .merge(whatsapp_facts::routes())
        .with_state(app)
}

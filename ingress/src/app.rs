//! What every handler shares, and the routes.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::DefaultBodyLimit, routing::get};
use ipnet::IpNet;
use prosaas_shared::{clock::SharedClock, ids::AccountSid};
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use crate::{
    call_config::SharedDirectory,
    health::{self, Readiness},
    latency,
    problem::Problem,
    publish::Publisher,
    spa,
    twilio::Validator,
    webhook::{self, AnsweredCalls},
};

/// Longest time that any request may take. Twilio waits 15 seconds.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(14);

/// The state behind the handlers; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<AppState>);

/// What [`App`] points to.
pub struct AppState {
    /// The time of day.
    pub clock: SharedClock,
    /// Whether Twilio's signatures are checked.
    pub validate_signatures: bool,
    /// Checks them.
    pub validator: Validator,
    /// Our account at Twilio.
    pub account_sid: AccountSid,
    /// From whom forwarded headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// The address that Twilio uses.
    pub public_url: Url,
    /// Called numbers and their answers.
    pub directory: SharedDirectory,
    /// Answers given a moment ago.
    pub answered: AnsweredCalls,
    /// Where events go.
    pub publisher: Publisher,
    /// What `/ready` looks at.
    pub readiness: Readiness,
    /// The built SPA, where the ingress serves it.
    pub static_dir: Option<std::path::PathBuf>,
}

impl App {
    /// Shares the state.
    pub fn new(state: AppState) -> Self {
        Self(Arc::new(state))
    }
}

impl std::ops::Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}

/// The public listener's routes.
pub fn public_router(app: App) -> Router {
    let router = Router::new()
        .merge(webhook::routes())
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/webhook/{*rest}", axum::routing::any(not_found))
        .route("/api/{*rest}", axum::routing::any(not_found));
    let router = match &app.static_dir {
        Some(folder) => router.fallback_service(spa::service(folder)),
        None => router.fallback(not_found),
    };
    router
        .layer(DefaultBodyLimit::max(webhook::MAX_BODY_BYTES))
        .layer(axum::middleware::from_fn(latency::record))
        .layer(CatchPanicLayer::new())
        .with_state(app)
}

async fn not_found() -> Problem {
    Problem::not_found()
}

//! What every handler shares, and the routes.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};
use http::{HeaderName, HeaderValue, header};
use ipnet::IpNet;
use prosaas_domain::ids::AccountSid;
use prosaas_event_log::publish::Publisher;
use prosaas_platform::clock::SharedClock;
use prosaas_twilio::Validator;
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use crate::{
    api::{self, ApiState},
    call_config::SharedDirectory,
    health::{self, Readiness},
    latency,
    problem::Problem,
    spa,
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
    /// What the web app's API needs.
    pub api: ApiState,
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
        .layer(DefaultBodyLimit::max(webhook::MAX_BODY_BYTES))
        .merge(api::routes(&app));
    let router = match &app.static_dir {
        Some(folder) => router.fallback_service(spa::service(folder)),
        None => router.fallback(not_found),
    };
    router
        .layer(from_fn_with_state(app.clone(), security_headers))
        .layer(axum::middleware::from_fn(latency::record))
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

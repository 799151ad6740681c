//! What every request of the API carries: an id, the client's address, a fingerprint.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use prosaas_platform::telemetry::TraceParent;
use uuid::Uuid;

use crate::{
    http::{
        client_address::{client_ip, masked, network},
        connections::is_too_slow,
        idempotency::IdempotencyKey,
        keys::{Hash, digest},
        prefer::Wait,
        problem::Problem,
    },
    state::App,
};

/// Largest body of a request, bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// Longest id of a request that a proxy may give.
const MAX_REQUEST_ID: usize = 64;

/// Longest `User-Agent` that is kept, characters.
const MAX_USER_AGENT: usize = 400;

const X_REQUEST_ID: &str = "x-request-id";

/// What is known of a request before anybody looks at it.
#[derive(Debug, Clone)]
struct Arrival {
    request_id: String,
    ip: IpAddr,
}

/// SHA-256 of method, path with query, and body: two requests with the same one ask
/// for the same thing.
#[derive(Debug, Clone, Copy)]
struct Fingerprint(Hash);

/// Where a request came from and how its sender wants it handled.
#[derive(Debug, Clone)]
pub struct RequestMeta {
    /// Its id: in the answer's `x-request-id`, in problems, logs and audit records.
    pub request_id: String,
    /// The client's address.
    pub ip: IpAddr,
    /// Its browser, as it says, at most 400 characters.
    pub user_agent: Option<String>,
    /// SHA-256 of method, path with query, and body.
    pub fingerprint: Hash,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<IdempotencyKey>,
    /// `Prefer: wait=N`.
    pub wait: Option<Wait>,
    /// The trace that the request belongs to.
    pub trace: Option<TraceParent>,
}

/// Names the request, finds its sender, limits its network's rate, and dresses the
/// answer: `x-request-id`, `cache-control`, and the id inside a problem.
pub async fn arrive(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip().to_canonical());
    let request_id = request_id(&app, peer, &request);
    let ip = client_ip(peer, request.headers(), &app.trusted_proxies);
    tracing::Span::current().record("request_id", &request_id).record("network", masked(ip));
    request.extensions_mut().insert(Arrival { request_id: request_id.clone(), ip });
    let response = match app.api.limits.address(ip) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    log_refusal(&app, ip, &request_id, &response);
    dress(response, &request_id)
}

/// Who was refused what: their rights did not reach, or they asked too often. The span adds
/// who and from where. Of many alike from one network only some are logged.
fn log_refusal(app: &App, ip: IpAddr, request_id: &str, response: &Response) {
    let Some(problem) = response.extensions().get::<Problem>() else { return };
    if matches!(problem.status, 403 | 429) && app.api.limits.may_log((network(ip), &problem.kind)) {
        tracing::warn!(event = "api.refused", request_id, reason = %problem.kind, status = problem.status);
    }
}

/// A proxy of ours may have named it; anybody else's name for it counts for nothing.
fn request_id(app: &App, peer: IpAddr, request: &Request) -> String {
    let trusted = app.trusted_proxies.iter().any(|net| net.contains(&peer));
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let sound = |id: &&str| {
        (8..=MAX_REQUEST_ID).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    given
        .filter(|_| trusted)
        .filter(sound)
        .map_or_else(|| Uuid::new_v4().simple().to_string(), ToOwned::to_owned)
}

fn dress(mut response: Response, request_id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let named = Problem { request_id: Some(request_id.into()), ..problem };
        if named.status >= 500 {
            tracing::warn!(event = "api.failed", request_id, status = named.status, kind = %named.kind);
        }
        let (kept, rebuilt) = (response, named.into_response());
        let (mut parts, body) = rebuilt.into_parts();
        // Headers that a layer added to the problem stay, such as `Allow`.
        for (name, value) in kept.headers() {
            if *name != header::CONTENT_LENGTH && !parts.headers.contains_key(name) {
                parts.headers.append(name, value.clone());
            }
        }
        response = Response::from_parts(parts, body);
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    response
}

/// Reads the body of a request that changes something, at most [`MAX_BODY_BYTES`], and
/// takes its fingerprint.
pub async fn fingerprint(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES) {
        return too_large().into_response();
    }
    let body = match axum::body::to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) if is_length_limit(&error) => return too_large().into_response(),
        Err(error) if is_too_slow(&error) => return Problem::body_too_slow().into_response(),
        Err(_) => return Problem::bad_request("The request's body ended early.").into_response(),
    };
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let hash = digest(&[parts.method.as_str().as_bytes(), target.as_bytes(), &body]);
    parts.extensions.insert(Fingerprint(hash));
    next.run(Request::from_parts(parts, Body::from(body))).await
}

fn is_length_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("length limit"))
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "/problems/too-large",
        "Too large",
        format!("The request's body may have at most {MAX_BODY_BYTES} bytes."),
    )
}

#[cfg(test)]
impl RequestMeta {
    /// Of a request that a test makes up.
    pub fn for_tests() -> Self {
        Self {
            request_id: "test-request".to_owned(),
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            fingerprint: [0; 32],
            idempotency_key: None,
            wait: None,
            trace: None,
        }
    }
}

impl FromRequestParts<App> for RequestMeta {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        // Both layers lie around every route of the API.
        let arrival = parts.extensions.get::<Arrival>().cloned().ok_or_else(Problem::internal)?;
        let fingerprint = parts.extensions.get::<Fingerprint>().map_or([0; 32], |f| f.0);
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_USER_AGENT).collect());
        let trace = TraceParent::of(&tracing::Span::current())
            .or_else(|| TraceParent::parse(parts.headers.get("traceparent")?.to_str().ok()?));
        Ok(Self {
            request_id: arrival.request_id,
            ip: arrival.ip,
            user_agent,
            fingerprint,
            idempotency_key: IdempotencyKey::from_headers(&parts.headers)?,
            wait: Wait::from_headers(&parts.headers),
            trace,
        })
    }
}

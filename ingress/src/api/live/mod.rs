//! Live updates: one follower of the stream for all who listen ([`hub`]), and a stream
//! of server-sent events for each of them ([`feed`]).

mod feed;

use std::convert::Infallible;

use axum::{
    extract::State,
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
};
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use prosaas_domain::{ids::BusinessId, rights::Right};
use serde::Deserialize;

use self::feed::{Audience, Feed};
pub use crate::services::live::{hub::Hub, slots::MAX_PER_SESSION};
use crate::{
    http::{extract::ApiQuery, problem::Problem, session::Session},
    request::scope,
    state::App,
};
use crate::{
    request::routes::{Description, Routes, routes},
    services::live::ring::{Last, Position},
};

/// The routes.
pub fn routes<D: Description>() -> Routes<D> {
    routes![self::live]
}

/// Whose updates.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LiveQuery {
    /// Which business; a system admin who names none hears of all.
    business_id: Option<BusinessId>,
}

/// What changes, as it changes: server-sent events.
///
/// `update` says what changed (`kind`, `id`, `action`, and, where a command did it,
/// `operation_id` and `actor_id`), never what it holds. `ready` comes first and says
/// that nothing was missed. `reset` says that something may have been missed: read
/// everything again. `heartbeat` comes every 15 seconds. `end` comes last, when the
/// session has ended. Every `ready`, `update` and `reset` has an id, which
/// `Last-Event-ID` takes up again for an hour.
#[utoipa::path(
    get,
    path = "/api/live",
    operation_id = "live",
    tag = "live",
    params(
        LiveQuery,
        ("last-event-id" = Option<String>, Header, description = "Id of the last event that was received", max_length = 100),
    ),
    responses((status = 200, description = "The events", content_type = "text/event-stream", body = String)),
)]
pub async fn live(
    State(app): State<App>,
    session: Session,
    ApiQuery(query): ApiQuery<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let audience = if let Some(business) = query.business_id.or(session.business_id) {
        scope::of_path(&app, &session, business, Right::ReadCrm).await?;
        Audience::Business(business)
    } else {
        session.require(Right::Administer, None)?;
        Audience::Everything
    };
    let slot = app.api.live.slots().take(session.session_id)?;
    let last = match headers.get("last-event-id") {
        None => Last::New,
        Some(id) => id.to_str().ok().and_then(Position::parse).map_or(Last::Unknown, Last::At),
    };
    let feed = Feed::open(app, session, audience, slot, last).await;
    let events = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok::<Event, Infallible>(event), feed))
    });
    let mut response = Sse::new(events).into_response();
    // nginx would hold events back until a buffer is full.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response.headers_mut().insert(unbuffered.0, unbuffered.1);
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

//! `GET /api/auth/sessions`: where a person is logged in.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        problem::Problem,
        session::{IDLE_TIMEOUT, Session},
    },
    state::App,
};

/// Most sessions that are listed.
const MAX: i64 = 100;

/// One login.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionItem {
    /// Its id.
    id: Uuid,
    /// Whether it is the one that asks.
    current: bool,
    /// Login.
    created_at: DateTime<Utc>,
    /// Last request, to the minute.
    last_seen_at: DateTime<Utc>,
    /// When it ends, whatever happens.
    expires_at: DateTime<Utc>,
    /// Address at login.
    #[schema(required = true)]
    ip: Option<String>,
    /// Browser at login, as it says.
    #[schema(required = true)]
    user_agent: Option<String>,
}

/// Where a person is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sessions {
    /// The sessions, the latest login first.
    items: Vec<SessionItem>,
}

/// The own sessions that have not ended, the latest login first.
#[utoipa::path(
    get,
    path = "/api/auth/sessions",
    operation_id = "list_sessions",
    tag = "auth",
    responses((status = 200, description = "The sessions", body = Sessions)),
)]
pub async fn list_sessions(State(app): State<App>, session: Session) -> Result<Json<Sessions>, Problem> {
    let items = sqlx::query_as!(
        SessionItem,
        r#"SELECT id, id = $2 AS "current!", created_at, last_seen_at, expires_at, host(ip) AS ip, user_agent
           FROM prosaas.user_sessions
           WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now()
             AND last_seen_at > now() - make_interval(secs => $3)
           ORDER BY created_at DESC, id DESC
           LIMIT $4"#,
        session.user_id.0,
        session.session_id,
        IDLE_TIMEOUT.as_secs_f64(),
        MAX
    )
    .fetch_all(&app.api.logins)
    .await?;
    Ok(Json(Sessions { items }))
}

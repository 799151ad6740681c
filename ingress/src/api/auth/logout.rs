//! `POST /api/auth/logout`.

use axum::{
    extract::State,
    response::{AppendHeaders, IntoResponse},
};
use http::{StatusCode, header};

use super::end_session::end;
use crate::{
    http::{problem::Problem, session::Session},
    request::meta::RequestMeta,
    state::App,
};

/// Ends the own session. Without one there is nothing to do.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    operation_id = "logout",
    tag = "auth",
    security(),
    responses((status = 204, description = "No session any more"), (status = 403, description = "From another site's page")),
)]
pub async fn logout(
    State(app): State<App>,
    meta: RequestMeta,
    session: Option<Session>,
) -> Result<impl IntoResponse, Problem> {
    if let Some(session) = session {
        end(&app.api.logins, &meta, &session, session.session_id).await?;
    }
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, app.api.cookie.clear()?)])))
}

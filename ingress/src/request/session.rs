//! Who asks, from the request's cookie.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::{
    http::{
        keys::hash_token,
        problem::Problem,
        session::{Session, load},
    },
    state::App,
};

impl OptionalFromRequestParts<App> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        let Some(token) = app.api.cookie.read(&parts.headers) else { return Ok(None) };
        let Some(session) = load(&app.api.logins, &hash_token(token)).await? else { return Ok(None) };
        app.api.limits.session(session.session_id)?;
        tracing::Span::current().record("user_id", tracing::field::display(session.user_id));
        Ok(Some(session))
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        <Self as OptionalFromRequestParts<App>>::from_request_parts(parts, app)
            .await?
            .ok_or_else(Problem::unauthenticated)
    }
}

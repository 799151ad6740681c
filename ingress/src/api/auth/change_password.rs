//! `POST /api/auth/password`: a person changes their own password.

use axum::{
    extract::State,
    response::{AppendHeaders, IntoResponse},
};
use http::{StatusCode, header};
use prosaas_domain::ids::UserId;
use secrecy::SecretString;
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::begin_session::{begin_session, end_all_sessions};
use crate::{
    http::{extract::ApiJson, problem::Problem, session::Session},
    request::{
        audit_record::{self, Change},
        meta::RequestMeta,
    },
    services::{
        passwords::{self, Asker},
        throttle,
    },
    state::App,
};

/// The old and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password as it is.
    #[schema(value_type = String, format = Password, max_length = 128)]
    current: SecretString,
    /// The password to be, 8 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    new: SecretString,
}

/// Changes the own password. Every session ends; the one that asks gets a new token.
#[utoipa::path(
    post,
    path = "/api/auth/password",
    operation_id = "change_password",
    tag = "auth",
    request_body = ChangePassword,
    responses((status = 204, description = "Changed; all other sessions have ended")),
)]
pub async fn change_password(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiJson(change): ApiJson<ChangePassword>,
) -> Result<impl IntoResponse, Problem> {
    let database = &app.api.logins;
    passwords::check("new", &change.new, &session.email, &session.name)?;
    // Whoever holds a stolen session guesses no faster than at the door.
    let attempt = throttle::begin(database, &session.email, meta.ip, true).await?;
    let asker = Asker::new(meta.ip, &session.email, true);
    let hash = sqlx::query_scalar!(
        "SELECT password_hash FROM prosaas.user_credentials WHERE user_id = $1",
        session.user_id.0
    )
    .fetch_optional(database)
    .await?;
    if !app.api.passwords.verify(&asker, change.current, hash).await? {
        tracing::warn!(event = "auth.password_refused", user_id = %session.user_id);
        return Err(Problem::invalid("current", "wrong", "The current password is wrong."));
    }
    attempt.succeeded(database).await?;
    let hash = app.api.passwords.hash(&asker, change.new).await?;

    let mut transaction = database.begin().await?;
    set(&mut transaction, session.user_id, &hash).await?;
    let ended = end_all_sessions(&mut transaction, session.user_id).await?;
    let (_, token) = begin_session(&mut transaction, &meta, session.user_id).await?;
    let change = Change {
        action: "password.change",
        entity_type: "user",
        entity_id: session.user_id.0,
        before: None,
        after: Some(serde_json::json!({ "sessions_ended": ended })),
        actor: (&session).into(),
    };
    audit_record::write(&mut transaction, &meta, change).await?;
    transaction.commit().await?;
    tracing::info!(event = "auth.password_changed", user_id = %session.user_id);
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, app.api.cookie.set(&token)?)])))
}

/// Sets a person's password.
pub async fn set(connection: &mut PgConnection, user: UserId, hash: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO prosaas.user_credentials (user_id, password_hash) VALUES ($1, $2)
         ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = now()",
        user.0,
        hash
    )
    .execute(connection)
    .await?;
    Ok(())
}

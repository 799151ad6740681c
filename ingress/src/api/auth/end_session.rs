//! `DELETE /api/auth/sessions/{session_id}`: a person ends a session of their own.

use axum::extract::State;
use http::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    http::{extract::ApiPath, problem::Problem, session::Session},
    request::{
        audit_record::{self, Change},
        meta::RequestMeta,
    },
    state::App,
};

/// Ends one of the own sessions, the present one included.
#[utoipa::path(
    delete,
    path = "/api/auth/sessions/{session_id}",
    operation_id = "end_session",
    tag = "auth",
    params(("session_id" = Uuid, Path, description = "One of the own sessions")),
    responses((status = 204, description = "It has ended")),
)]
pub async fn end_session(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<StatusCode, Problem> {
    if end(&app.api.logins, &meta, &session, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found())
    }
}

/// Ends a session of the same person. Returns whether there was one.
pub async fn end(
    database: &PgPool,
    meta: &RequestMeta,
    session: &Session,
    id: Uuid,
) -> Result<bool, Problem> {
    let mut transaction = database.begin().await?;
    let ended = sqlx::query!(
        "UPDATE prosaas.user_sessions SET ended_at = now()
         WHERE id = $1 AND user_id = $2 AND ended_at IS NULL",
        id,
        session.user_id.0
    )
    .execute(&mut *transaction)
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    let change = Change {
        action: "session.end",
        entity_type: "session",
        entity_id: id,
        before: None,
        after: None,
        actor: session.into(),
    };
    audit_record::write(&mut transaction, meta, change).await?;
    transaction.commit().await?;
    Ok(true)
}

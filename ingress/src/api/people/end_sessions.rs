//! `POST /api/admin/users/{user_id}/end-sessions`.

use axum::{Json, extract::State};
use prosaas_domain::{ids::UserId, rights::Right};
use serde::Serialize;
use utoipa::ToSchema;

use super::target::Target;
use crate::{
    api::auth::end_all_sessions,
    http::{extract::ApiPath, problem::Problem, session::Session},
    request::{
        audit_record::{self, Actor, Change},
        meta::RequestMeta,
    },
    state::App,
};

/// How many sessions there were.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsEnded {
    /// Always true.
    success: bool,
    /// How many.
    ended: u64,
}

/// Ends every session of a person: whoever is logged in as them must log in again.
#[utoipa::path(
    post,
    path = "/api/admin/users/{user_id}/end-sessions",
    operation_id = "end_user_sessions",
    tag = "people",
    params(("user_id" = UserId, Path, description = "Whose")),
    responses((status = 200, description = "They have ended", body = SessionsEnded)),
)]
pub async fn end_user_sessions(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(id): ApiPath<UserId>,
) -> Result<Json<SessionsEnded>, Problem> {
    session.require(Right::Administer, None)?;
    let target = Target::find(&app.api.database, id, None).await?;
    let mut transaction = app.api.database.begin().await?;
    let ended = end_all_sessions(&mut transaction, id).await?;
    let change = Change {
        action: "session.end_all",
        entity_type: "user",
        entity_id: id.0,
        before: None,
        after: Some(serde_json::json!({ "sessions_ended": ended })),
        actor: Actor { business: target.business, ..Actor::from(&session) },
    };
    audit_record::write(&mut transaction, &meta, change).await?;
    transaction.commit().await?;
    Ok(Json(SessionsEnded { success: true, ended }))
}

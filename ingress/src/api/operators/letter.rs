//! `GET /api/admin/dead-letters/{id}`.

use axum::{Json, extract::State};
use prosaas_dead_letters::read::{self, DeadLetter};
use prosaas_domain::rights::Right;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    http::{
        extract::{ApiPath, ApiQuery},
        problem::Problem,
        session::Session,
    },
    request::{
        audit_record::{self, Actor, Change},
        meta::RequestMeta,
    },
    state::App,
};

/// How a dead letter is shown.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadLetterQuery {
    /// Whether personal data is shown; that is noted in the audit records.
    #[serde(default)]
    reveal: bool,
}

/// A dead letter with its event, errors and attempts.
#[utoipa::path(
    get,
    path = "/api/admin/dead-letters/{dead_letter_id}",
    operation_id = "read_dead_letter",
    tag = "operators",
    params(("dead_letter_id" = Uuid, Path, description = "Which"), DeadLetterQuery),
    responses((status = 200, description = "The dead letter", body = DeadLetter)),
)]
pub async fn read_dead_letter(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<DeadLetterQuery>,
) -> Result<Json<DeadLetter>, Problem> {
    session.require(Right::Administer, None)?;
    let letter = read::letter(&app.api.database, id, query.reveal).await?.ok_or_else(Problem::not_found)?;
    if query.reveal {
        note(&app, &session, &meta, id).await?;
    }
    Ok(Json(letter))
}

/// Nobody sees personal data unless it is on record that they asked.
async fn note(app: &App, session: &Session, meta: &RequestMeta, id: Uuid) -> Result<(), Problem> {
    let change = Change {
        action: "dead_letter.reveal",
        entity_type: "dead_letter",
        entity_id: id,
        before: None,
        after: None,
        actor: Actor::from(session),
    };
    let mut connection = app.api.database.acquire().await?;
    audit_record::write(&mut connection, meta, change).await?;
    Ok(())
}

//! Invitations of a business that wait to be accepted.

use axum::{Json, extract::State};
use http::StatusCode;
use prosaas_domain::{ids::BusinessId, rights::Right};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::invite::Invitation;
use crate::{
    http::{extract::ApiPath, problem::Problem, session::Session},
    request::{
        audit_record::{self, Actor, Change},
        meta::RequestMeta,
        scope,
    },
    state::App,
};

/// Most invitations that are listed.
const MAX: i64 = 200;

/// Invitations that wait to be accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitations {
    /// The invitations, the latest first.
    items: Vec<Invitation>,
}

/// The business's invitations that wait to be accepted, the latest first.
#[utoipa::path(
    get,
    path = "/api/businesses/{business_id}/invitations",
    operation_id = "list_invitations",
    tag = "people",
    params(("business_id" = BusinessId, Path, description = "The business")),
    responses((status = 200, description = "The invitations", body = Invitations)),
)]
pub async fn list_invitations(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
) -> Result<Json<Invitations>, Problem> {
    let business = scope::of_path(&app, &session, business, Right::ReadPeople).await?;
    let rows = sqlx::query!(
        r#"SELECT t.id, t.email, t.name, t.role AS "role!", u.name AS "invited_by?", t.created_at, t.expires_at
           FROM prosaas.single_use_tokens t
           LEFT JOIN prosaas.users u ON u.id = t.created_by
           WHERE t.business_id = $1 AND t.kind = 'invitation' AND t.used_at IS NULL AND t.expires_at > now()
           ORDER BY t.created_at DESC, t.id DESC
           LIMIT $2"#,
        business.0,
        MAX
    )
    .fetch_all(&app.api.database)
    .await?;
    let items = rows.into_iter().map(|row| {
        Ok(Invitation {
            id: row.id,
            email: row.email,
            name: row.name,
            role: row.role.parse().map_err(|_| Problem::internal())?,
            invited_by: row.invited_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    });
    Ok(Json(Invitations { items: items.collect::<Result<_, Problem>>()? }))
}

/// Withdraws an invitation: its link does not work any more.
#[utoipa::path(
    delete,
    path = "/api/businesses/{business_id}/invitations/{invitation_id}",
    operation_id = "withdraw_invitation",
    tag = "people",
    params(
        ("business_id" = BusinessId, Path, description = "The business"),
        ("invitation_id" = Uuid, Path, description = "Which"),
    ),
    responses((status = 204, description = "Withdrawn")),
)]
pub async fn withdraw_invitation(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath((business, id)): ApiPath<(BusinessId, Uuid)>,
) -> Result<StatusCode, Problem> {
    let business = scope::of_path(&app, &session, business, Right::ManageBusiness).await?;
    let mut transaction = app.api.database.begin().await?;
    let withdrawn = sqlx::query!(
        "UPDATE prosaas.single_use_tokens SET used_at = now()
         WHERE id = $1 AND business_id = $2 AND kind = 'invitation' AND used_at IS NULL AND expires_at > now()",
        id,
        business.0
    )
    .execute(&mut *transaction)
    .await?;
    if withdrawn.rows_affected() == 0 {
        return Err(Problem::not_found());
    }
    let change = Change {
        action: "invitation.withdraw",
        entity_type: "invitation",
        entity_id: id,
        before: None,
        after: None,
        actor: Actor { business: Some(business), ..Actor::from(&session) },
    };
    audit_record::write(&mut transaction, &meta, change).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

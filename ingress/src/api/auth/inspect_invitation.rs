//! `POST /api/auth/invitations/inspect`: what an invitation's link is for. By POST,
//! because what stands in an address ends up in logs.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Role,
};
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        extract::ApiJson,
        keys::{Hash, hash_token},
        problem::Problem,
    },
    state::App,
};

/// The link's token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectInvitation {
    /// What stands behind `#` in the link.
    token: String,
}

/// What the invited person sees.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationPreview {
    /// The address that they will log in with.
    email: String,
    /// What the inviter calls them.
    #[schema(required = true)]
    name: Option<String>,
    /// Their role.
    role: Role,
    /// Where they will work; null for a system admin.
    #[schema(required = true)]
    business_name: Option<String>,
    /// Until when the link works.
    expires_at: DateTime<Utc>,
}

/// An invitation that can still be accepted.
#[derive(Debug)]
pub struct OpenInvitation {
    /// Its id.
    pub id: Uuid,
    /// The id that the person will have.
    pub user: UserId,
    /// Where they will work.
    pub business: Option<BusinessId>,
    /// That business's name.
    pub business_name: Option<String>,
    /// Their address.
    pub email: String,
    /// What the inviter calls them.
    pub name: Option<String>,
    /// Their role.
    pub role: Role,
    /// Who invited them.
    pub inviter: UserId,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

impl OpenInvitation {
    /// Finds the invitation of a token.
    ///
    /// # Errors
    /// 410 when it was used, withdrawn or has expired, or the business is at rest.
    pub async fn find(database: impl PgExecutor<'_>, token: &Hash) -> Result<Self, Problem> {
        let row = sqlx::query!(
            r#"SELECT t.id, t.user_id, t.business_id, b.name AS "business_name?", t.email, t.name,
                      t.role AS "role!", t.created_by AS "inviter!", t.expires_at
               FROM prosaas.single_use_tokens t
               LEFT JOIN prosaas.businesses b ON b.id = t.business_id
               WHERE t.token_hash = $1 AND t.kind = 'invitation'
                 AND t.used_at IS NULL AND t.expires_at > now() AND t.created_by IS NOT NULL
                 AND (t.business_id IS NULL OR (b.active AND b.deleted_at IS NULL))"#,
            token.as_slice()
        )
        .fetch_optional(database)
        .await?;
        let row = row.ok_or_else(Problem::link_gone)?;
        Ok(Self {
            id: row.id,
            user: UserId(row.user_id),
            business: row.business_id.map(BusinessId),
            business_name: row.business_name,
            email: row.email,
            name: row.name,
            role: row.role.parse().map_err(|_| Problem::internal())?,
            inviter: UserId(row.inviter),
            expires_at: row.expires_at,
        })
    }
}

/// What an invitation's link is for.
#[utoipa::path(
    post,
    path = "/api/auth/invitations/inspect",
    operation_id = "inspect_invitation",
    tag = "auth",
    security(),
    request_body = InspectInvitation,
    responses(
        (status = 200, description = "The invitation", body = InvitationPreview),
        (status = 410, description = "The link was used, has expired, or never was"),
    ),
)]
pub async fn inspect_invitation(
    State(app): State<App>,
    ApiJson(inspect): ApiJson<InspectInvitation>,
) -> Result<Json<InvitationPreview>, Problem> {
    let open = OpenInvitation::find(&app.api.logins, &hash_token(&inspect.token)).await?;
    Ok(Json(InvitationPreview {
        email: open.email,
        name: open.name,
        role: open.role,
        business_name: open.business_name,
        expires_at: open.expires_at,
    }))
}

//! Inviting somebody: a link by mail that works once, for seven days.

use std::time::Duration;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use http::StatusCode;
use prosaas_domain::{
    ids::BusinessId,
    rights::{Right, Role},
};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

use super::target::Target;
use crate::{
    http::{
        extract::{ApiJson, ApiPath},
        keys::Token,
        problem::Problem,
        session::Session,
        text,
    },
    request::{
        audit_record::{self, Actor, Change},
        meta::RequestMeta,
        scope,
    },
    services::mail::Mail,
    state::App,
};

/// How long the link works.
const VALID: Duration = Duration::from_hours(7 * 24);

/// Most invitations of a business in [`DAY`], whoever sends them: each is a mail to
/// somebody who did not ask for it. System admins' own are counted together.
const MAX_A_DAY: i64 = 50;

/// Any 24 hours, not a day of the calendar.
const DAY: Duration = Duration::from_hours(24);

/// Whom a system admin invites.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteUser {
    /// The address that they will log in with.
    #[schema(format = Email, min_length = 3, max_length = 320)]
    email: String,
    /// What they are called.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Their role.
    role: Role,
    /// Where they will work; absent for a system admin, and only then.
    business_id: Option<BusinessId>,
}

/// Whom an owner invites.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteBusinessUser {
    /// The address that they will log in with.
    #[schema(format = Email, min_length = 3, max_length = 320)]
    email: String,
    /// What they are called.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Their role, lower than one's own.
    role: Role,
}

/// An invitation that waits to be accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// Whom.
    pub email: String,
    /// What the inviter calls them.
    #[schema(required = true)]
    pub name: Option<String>,
    /// Their role.
    pub role: Role,
    /// Who invited them, by the name of today.
    #[schema(required = true)]
    pub invited_by: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when the link works.
    pub expires_at: DateTime<Utc>,
}

/// An invitation that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invited {
    /// Always true.
    success: bool,
    /// The invitation; the mail is on its way.
    invitation: Invitation,
}

/// Invites somebody into a business, or as a system admin.
#[utoipa::path(
    post,
    path = "/api/admin/users/invitations",
    operation_id = "invite_user",
    tag = "people",
    request_body = InviteUser,
    responses(
        (status = 201, description = "Invited", body = Invited),
        (status = 404, description = "There is no such business"),
        (status = 409, description = "Somebody has this address"),
    ),
)]
pub async fn invite_user(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiJson(invite): ApiJson<InviteUser>,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    session.require(Right::Administer, None)?;
    if (invite.role == Role::SystemAdmin) != invite.business_id.is_none() {
        return Err(Problem::invalid(
            "business_id",
            "business",
            "A system admin belongs to no business, and everybody else to one.",
        ));
    }
    if let Some(business) = invite.business_id {
        scope::of_path(&app, &session, business, Right::ManageBusiness).await?;
    }
    let whom = InviteBusinessUser { email: invite.email, name: invite.name, role: invite.role };
    make(&app, &session, &meta, invite.business_id, whom).await
}

/// Invites somebody of lower rank into the business. An invitation of the same address
/// that still waits is withdrawn.
#[utoipa::path(
    post,
    path = "/api/businesses/{business_id}/invitations",
    operation_id = "invite_business_user",
    tag = "people",
    params(("business_id" = BusinessId, Path, description = "The business")),
    request_body = InviteBusinessUser,
    responses(
        (status = 201, description = "Invited", body = Invited),
        (status = 409, description = "Somebody of the business has this address"),
    ),
)]
pub async fn invite_business_user(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(business): ApiPath<BusinessId>,
    ApiJson(invite): ApiJson<InviteBusinessUser>,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    let business = scope::of_path(&app, &session, business, Right::ManageBusiness).await?;
    if invite.role == Role::SystemAdmin {
        return Err(Problem::invalid("role", "business", "A system admin belongs to no business."));
    }
    make(&app, &session, &meta, Some(business), invite).await
}

async fn make(
    app: &App,
    session: &Session,
    meta: &RequestMeta,
    business: Option<BusinessId>,
    whom: InviteBusinessUser,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    Target::assignable_by(session, whom.role)?;
    let email = text::email("email", &whom.email)?;
    let name = whom.name.map(|name| text::name("name", &name)).transpose()?;
    if !app.api.mailer.is_available() {
        return Err(Problem::mail_unavailable());
    }
    app.api.limits.mail_to(&email)?;
    refuse_taken(&app.api.database, session, business, &email).await?;

    let token = Token::random()?;
    let wanted = Wanted { business, email: &email, name: name.as_deref(), role: whom.role };
    let (id, created_at, expires_at) = insert(&app.api.database, session, meta, &wanted, &token).await?;
    let business_name = match business {
        Some(id) => {
            sqlx::query_scalar!("SELECT name FROM prosaas.businesses WHERE id = $1", id.0)
                .fetch_optional(&app.api.database)
                .await?
        }
        None => None,
    };
    let mail = Mail::Invitation { business: business_name, inviter: session.name.clone() };
    app.api.mailer.send(email.clone(), &mail, &token);
    let invited_by = Some(session.name.clone());
    let invitation = Invitation { id, email, name, role: whom.role, invited_by, created_at, expires_at };
    Ok((StatusCode::CREATED, Json(Invited { success: true, invitation })))
}

/// An owner learns only of people of the own business: who works elsewhere is nobody
/// else's to know, and is told when they open the link.
async fn refuse_taken(
    database: &PgPool,
    session: &Session,
    business: Option<BusinessId>,
    email: &str,
) -> Result<(), Problem> {
    let taken = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.users
               WHERE prosaas.fold_email(email) = prosaas.fold_email($1) AND deleted_at IS NULL AND ($2 OR business_id = $3)
           ) AS "taken!""#,
        email,
        session.is_admin(),
        business.map(|business| business.0)
    )
    .fetch_one(database)
    .await?;
    if taken {
        return Err(Problem::taken("/problems/email-taken", "email", "Somebody has this address already."));
    }
    Ok(())
}

struct Wanted<'a> {
    business: Option<BusinessId>,
    email: &'a str,
    name: Option<&'a str>,
    role: Role,
}

async fn insert(
    database: &PgPool,
    session: &Session,
    meta: &RequestMeta,
    wanted: &Wanted<'_>,
    token: &Token,
) -> Result<(Uuid, DateTime<Utc>, DateTime<Utc>), Problem> {
    let (id, hash) = (Uuid::now_v7(), token.hash());
    let business = wanted.business.map(|business| business.0);
    let mut transaction = database.begin().await?;
    charge(&mut transaction, wanted.business).await?;
    sqlx::query!(
        "UPDATE prosaas.single_use_tokens SET used_at = now()
         WHERE kind = 'invitation' AND used_at IS NULL AND prosaas.fold_email(email) = prosaas.fold_email($1)
           AND business_id IS NOT DISTINCT FROM $2",
        wanted.email,
        business
    )
    .execute(&mut *transaction)
    .await?;
    let row = sqlx::query!(
        "INSERT INTO prosaas.single_use_tokens
            (id, kind, token_hash, business_id, user_id, email, name, role, created_by, expires_at)
         VALUES ($1, 'invitation', $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9))
         RETURNING created_at, expires_at",
        id,
        hash.as_slice(),
        business,
        Uuid::now_v7(),
        wanted.email,
        wanted.name,
        wanted.role.as_str(),
        session.user_id.0,
        VALID.as_secs_f64()
    )
    .fetch_one(&mut *transaction)
    .await?;
    let change = Change {
        action: "invitation.create",
        entity_type: "invitation",
        entity_id: id,
        before: None,
        after: Some(serde_json::json!({ "email": wanted.email, "name": wanted.name, "role": wanted.role })),
        actor: Actor { business: wanted.business, ..Actor::from(session) },
    };
    audit_record::write(&mut transaction, meta, change).await?;
    transaction.commit().await?;
    Ok((id, row.created_at, row.expires_at))
}

/// Refuses the invitation that is one too many, until the oldest of them is a day old.
/// Those of one business are counted one after the other, on every ingress.
async fn charge(connection: &mut PgConnection, business: Option<BusinessId>) -> Result<(), Problem> {
    let business = business.map(|business| business.0);
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('invitations ' || coalesce($1::uuid::text, ''), 0))",
        business
    )
    .execute(&mut *connection)
    .await?;
    let wait = sqlx::query_scalar!(
        r#"SELECT extract(epoch FROM created_at + make_interval(secs => $2) - now())::float8 AS "wait!"
           FROM prosaas.single_use_tokens
           WHERE kind = 'invitation' AND business_id IS NOT DISTINCT FROM $1
             AND created_at > now() - make_interval(secs => $2)
           ORDER BY created_at DESC
           OFFSET $3 LIMIT 1"#,
        business,
        DAY.as_secs_f64(),
        MAX_A_DAY - 1
    )
    .fetch_optional(connection)
    .await?;
    match wait {
        None => Ok(()),
        Some(wait) => Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "/problems/invitation-quota",
            "Too many invitations",
            format!("At most {MAX_A_DAY} people can be invited in 24 hours. Please try again later."),
        )
        .retry_after(Duration::try_from_secs_f64(wait).unwrap_or_default())),
    }
}

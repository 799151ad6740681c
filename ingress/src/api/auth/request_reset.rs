//! `POST /api/auth/password-reset`: somebody forgot their password.

use std::time::Duration;

use axum::{Json, extract::State};
use http::StatusCode;
use prosaas_domain::ids::{BusinessId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{extract::ApiJson, keys::Token, problem::Problem},
    request::{
        audit_record::{self, Actor, Change},
        meta::RequestMeta,
    },
    services::mail::Mail,
    state::App,
};

/// How long the link works.
const VALID: Duration = Duration::from_hours(1);

/// Whose password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestReset {
    /// The address of the account.
    email: String,
}

/// Taken, whatever becomes of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// Always true.
    pub success: bool,
}

struct Account {
    id: UserId,
    name: String,
    email: String,
    business: Option<BusinessId>,
}

/// Mails a link to whoever has this address. The answer is the same, and comes as
/// fast, when nobody has it.
#[utoipa::path(
    post,
    path = "/api/auth/password-reset",
    operation_id = "request_password_reset",
    tag = "auth",
    security(),
    request_body = RequestReset,
    responses((status = 202, description = "If somebody has this address, they get a mail", body = Taken)),
)]
pub async fn request_reset(
    State(app): State<App>,
    meta: RequestMeta,
    ApiJson(asked): ApiJson<RequestReset>,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let email = asked.email.trim();
    app.api.limits.mail_from(meta.ip)?;
    app.api.limits.mail_to(email)?;
    if !app.api.mailer.is_available() {
        return Err(Problem::mail_unavailable());
    }
    let row = sqlx::query!(
        "SELECT u.id, u.name, u.email, u.business_id
         FROM prosaas.users u
         LEFT JOIN prosaas.businesses b ON b.id = u.business_id
         WHERE prosaas.fold_email(u.email) = prosaas.fold_email($1) AND u.deleted_at IS NULL
           AND (u.business_id IS NULL OR (b.active AND b.deleted_at IS NULL))",
        email
    )
    .fetch_optional(&app.api.logins)
    .await?;
    if let Some(row) = row {
        let account = Account {
            id: UserId(row.id),
            name: row.name,
            email: row.email,
            business: row.business_id.map(BusinessId),
        };
        // Not awaited: the time of the answer must not tell whether there is an account.
        tokio::spawn(async move {
            if let Err(problem) = send(&app, &meta, account).await {
                tracing::error!(event = "auth.reset_not_sent", kind = %problem.kind);
            }
        });
    }
    Ok((StatusCode::ACCEPTED, Json(Taken { success: true })))
}

async fn send(app: &App, meta: &RequestMeta, account: Account) -> Result<(), Problem> {
    let (id, token) = (Uuid::now_v7(), Token::random()?);
    let hash = token.hash();
    let mut transaction = app.api.logins.begin().await?;
    // One after the other: of several at once, too, the last one's link alone works.
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('password reset ' || $1::uuid::text, 0))",
        account.id.0
    )
    .execute(&mut *transaction)
    .await?;
    end_links(&mut transaction, account.id).await?;
    sqlx::query!(
        "INSERT INTO prosaas.single_use_tokens (id, kind, token_hash, business_id, user_id, email, expires_at)
         VALUES ($1, 'password_reset', $2, $3, $4, $5, now() + make_interval(secs => $6))",
        id,
        hash.as_slice(),
        account.business.map(|business| business.0),
        account.id.0,
        account.email,
        VALID.as_secs_f64()
    )
    .execute(&mut *transaction)
    .await?;
    let change = Change {
        action: "password.request_reset",
        entity_type: "user",
        entity_id: account.id.0,
        before: None,
        after: None,
        // Anybody can ask: the record names the account, and no person as having asked.
        actor: Actor { id: None, name: &account.name, business: account.business },
    };
    audit_record::write(&mut transaction, meta, change).await?;
    transaction.commit().await?;
    app.api.mailer.send(account.email, &Mail::PasswordReset, &token);
    Ok(())
}

/// Ends every link of a person by which a password could be set.
pub async fn end_links(connection: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.single_use_tokens SET used_at = now()
         WHERE user_id = $1 AND kind = 'password_reset' AND used_at IS NULL",
        user.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

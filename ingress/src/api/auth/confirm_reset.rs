//! `POST /api/auth/password-reset/confirm`: the link of the mail was opened.

use axum::extract::State;
use http::StatusCode;
use prosaas_domain::ids::{BusinessId, UserId};
use secrecy::SecretString;
use serde::Deserialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::{begin_session::end_all_sessions, change_password, request_reset::end_links};
use crate::{
    http::{extract::ApiJson, keys::hash_token, problem::Problem},
    request::{
        audit_record::{self, Actor, Change},
        meta::RequestMeta,
    },
    services::{
        passwords::{self, Asker},
        throttle,
    },
    state::App,
};

/// The link's token and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmReset {
    /// What stands behind `#` in the link.
    token: String,
    /// The password to be, 8 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: SecretString,
}

struct Account {
    id: UserId,
    name: String,
    email: String,
    business: Option<BusinessId>,
}

/// Sets a new password. Works once; every session of the person ends.
#[utoipa::path(
    post,
    path = "/api/auth/password-reset/confirm",
    operation_id = "confirm_password_reset",
    tag = "auth",
    security(),
    request_body = ConfirmReset,
    responses(
        (status = 204, description = "The password is set; log in with it"),
        (status = 410, description = "The link was used, has expired, or never was"),
    ),
)]
pub async fn confirm_reset(
    State(app): State<App>,
    meta: RequestMeta,
    ApiJson(confirm): ApiJson<ConfirmReset>,
) -> Result<StatusCode, Problem> {
    let token = hash_token(&confirm.token);
    let account = find(&app.api.logins, &token).await?;
    passwords::check("password", &confirm.password, &account.email, &account.name)?;
    let asker = Asker::new(meta.ip, &account.email, true);
    let hash = app.api.passwords.hash(&asker, confirm.password).await?;

    let mut transaction = app.api.logins.begin().await?;
    // Of several at once the row's lock lets one through; the others find it used.
    let used = sqlx::query!(
        "UPDATE prosaas.single_use_tokens SET used_at = now()
         WHERE token_hash = $1 AND kind = 'password_reset' AND used_at IS NULL AND expires_at > now()",
        token.as_slice()
    )
    .execute(&mut *transaction)
    .await?;
    if used.rows_affected() != 1 {
        return Err(Problem::link_gone());
    }
    end_links(&mut transaction, account.id).await?;
    change_password::set(&mut transaction, account.id, &hash).await?;
    let ended = end_all_sessions(&mut transaction, account.id).await?;
    throttle::forgive(&mut transaction, &account.email, meta.ip).await?;
    let change = Change {
        action: "password.reset",
        entity_type: "user",
        entity_id: account.id.0,
        before: None,
        after: Some(serde_json::json!({ "sessions_ended": ended })),
        actor: Actor { id: Some(account.id), name: &account.name, business: account.business },
    };
    audit_record::write(&mut transaction, &meta, change).await?;
    transaction.commit().await?;
    tracing::info!(event = "auth.password_reset", user_id = %account.id);
    Ok(StatusCode::NO_CONTENT)
}

async fn find(database: &PgPool, token: &[u8; 32]) -> Result<Account, Problem> {
    let row = sqlx::query!(
        "SELECT u.id, u.name, u.email, u.business_id
         FROM prosaas.single_use_tokens t
         JOIN prosaas.users u ON u.id = t.user_id
         WHERE t.token_hash = $1 AND t.kind = 'password_reset'
           AND t.used_at IS NULL AND t.expires_at > now() AND u.deleted_at IS NULL",
        token.as_slice()
    )
    .fetch_optional(database)
    .await?;
    let row = row.ok_or_else(Problem::link_gone)?;
    Ok(Account {
        id: UserId(row.id),
        name: row.name,
        email: row.email,
        business: row.business_id.map(BusinessId),
    })
}

//! `POST /api/auth/login`.

use axum::{
    Json,
    extract::State,
    response::{AppendHeaders, IntoResponse},
};
use http::{HeaderMap, StatusCode, header};
use prosaas_domain::{
    email,
    ids::{BusinessId, UserId},
};
use secrecy::SecretString;
use serde::Deserialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::{begin_session::begin_session, me::MeAnswer};
use crate::{
    http::{
        client_address as client,
        extract::ApiJson,
        keys::{Hash, Token, hash_token},
        problem::Problem,
        session,
    },
    request::{
        audit_record::{self, Actor, Change},
        meta::RequestMeta,
    },
    services::{passwords::Asker, throttle},
    state::App,
};

/// Address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The address.
    #[schema(max_length = 320)]
    email: String,
    /// The password.
    #[schema(value_type = String, format = Password, max_length = 128)]
    password: SecretString,
}

struct Account {
    id: UserId,
    name: String,
    business: Option<BusinessId>,
    hash: Option<String>,
    known_place: bool,
}

/// Begins a session. A session that the browser had ends.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    operation_id = "login",
    tag = "auth",
    security(),
    request_body = Login,
    responses(
        (status = 200, description = "Logged in; the cookie is set", body = MeAnswer),
        (status = 401, description = "Address or password is wrong"),
    ),
)]
pub async fn login(
    State(app): State<App>,
    meta: RequestMeta,
    headers: HeaderMap,
    ApiJson(login): ApiJson<Login>,
) -> Result<impl IntoResponse, Problem> {
    let database = &app.api.logins;
    let email = login.email.trim();
    let account = find(database, email, &meta).await?;
    let known_place = account.as_ref().is_some_and(|account| account.known_place);
    let attempt = throttle::begin(database, email, meta.ip, known_place).await;
    let attempt = attempt.inspect_err(|problem| {
        log_failure(&app, &meta, email, account.as_ref(), &problem.kind);
    })?;
    let asker = Asker::new(meta.ip, email, known_place);
    let hash = account.as_ref().and_then(|account| account.hash.clone());
    let right = app.api.passwords.verify(&asker, login.password, hash).await?;
    if !right {
        metrics::counter!("prosaas_logins_total", "outcome" => "refused").increment(1);
        log_failure(&app, &meta, email, account.as_ref(), &refused().kind);
    }
    let Some(account) = account.filter(|_| right) else { return Err(refused()) };
    metrics::counter!("prosaas_logins_total", "outcome" => "succeeded").increment(1);

    let old = app.api.cookie.read(&headers).map(hash_token);
    let token = begin(database, &meta, &account, old).await?;
    attempt.succeeded(database).await?;
    tracing::info!(event = "auth.logged_in", user_id = %account.id);
    let session = session::load(database, &token.hash()).await?.ok_or_else(refused)?;
    let cookie = app.api.cookie.set(&token)?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(MeAnswer::of(database, session).await?)))
}

async fn find(database: &PgPool, email: &str, meta: &RequestMeta) -> Result<Option<Account>, Problem> {
    let row = sqlx::query!(
        r#"SELECT u.id, u.name, u.business_id, c.password_hash AS "hash?",
                  EXISTS (
                      SELECT FROM prosaas.user_sessions s
                      WHERE s.user_id = u.id AND s.ip <<= $2::text::cidr
                        AND s.last_seen_at > now() - make_interval(days => $3)
                  ) AS "known_place!"
           FROM prosaas.users u
           LEFT JOIN prosaas.user_credentials c ON c.user_id = u.id
           LEFT JOIN prosaas.businesses b ON b.id = u.business_id
           WHERE prosaas.fold_email(u.email) = prosaas.fold_email($1) AND u.deleted_at IS NULL
             AND (u.business_id IS NULL OR (b.active AND b.deleted_at IS NULL))"#,
        email,
        client::cidr(meta.ip),
        throttle::KNOWN_PLACE_DAYS
    )
    .fetch_optional(database)
    .await?;
    Ok(row.map(|row| Account {
        id: UserId(row.id),
        name: row.name,
        business: row.business_id.map(BusinessId),
        hash: row.hash,
        known_place: row.known_place,
    }))
}

async fn begin(
    database: &PgPool,
    meta: &RequestMeta,
    account: &Account,
    old: Option<Hash>,
) -> Result<Token, Problem> {
    let mut transaction = database.begin().await?;
    if let Some(old) = old {
        sqlx::query!(
            "UPDATE prosaas.user_sessions SET ended_at = now() WHERE token_hash = $1 AND ended_at IS NULL",
            old.as_slice()
        )
        .execute(&mut *transaction)
        .await?;
    }
    let (id, token) = begin_session(&mut transaction, meta, account.id).await?;
    let change = Change {
        action: "session.begin",
        entity_type: "session",
        entity_id: id,
        before: None,
        after: None,
        actor: Actor { id: Some(account.id), name: &account.name, business: account.business },
    };
    audit_record::write(&mut transaction, meta, change).await?;
    transaction.commit().await?;
    Ok(token)
}

/// Whose account was tried, whence and how often: the address itself is in no log, and its
/// tag, which only this installation can make, tells whether two lines mean one account.
fn log_failure(app: &App, meta: &RequestMeta, email: &str, account: Option<&Account>, reason: &str) {
    let tag = hex::encode(app.api.account_tags.tag(&[email::fold(email).as_bytes()]));
    tracing::warn!(
        event = "auth.login_failed",
        reason,
        account = tag.get(..16),
        user_id = account.map(|account| tracing::field::display(account.id)),
        known_place = account.map(|account| account.known_place),
        network = client::masked(meta.ip),
        request_id = meta.request_id,
    );
}

/// Says nothing of whether the account exists.
fn refused() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "/problems/wrong-credentials",
        "Wrong address or password",
        "The address or the password is wrong.",
    )
}

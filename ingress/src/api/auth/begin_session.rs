//! A session begins: always with a new token.

use prosaas_domain::ids::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    http::{keys::Token, problem::Problem, session::ABSOLUTE_TIMEOUT},
    request::meta::RequestMeta,
};

/// Makes a session of a person. The caller writes the audit record.
pub async fn begin_session(
    connection: &mut PgConnection,
    meta: &RequestMeta,
    user: UserId,
) -> Result<(Uuid, Token), Problem> {
    let (id, token) = (Uuid::now_v7(), Token::random()?);
    let hash = token.hash();
    sqlx::query!(
        "INSERT INTO prosaas.user_sessions (id, user_id, token_hash, expires_at, ip, user_agent)
         VALUES ($1, $2, $3, now() + make_interval(secs => $4), $5::text::inet, $6)",
        id,
        user.0,
        hash.as_slice(),
        ABSOLUTE_TIMEOUT.as_secs_f64(),
        meta.ip.to_string(),
        meta.user_agent
    )
    .execute(connection)
    .await?;
    Ok((id, token))
}

/// Ends every session of a person. Returns how many there were.
pub async fn end_all_sessions(connection: &mut PgConnection, user: UserId) -> Result<u64, sqlx::Error> {
    let ended = sqlx::query!(
        "UPDATE prosaas.user_sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL",
        user.0
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected())
}

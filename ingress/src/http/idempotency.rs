//! `Idempotency-Key`: a command that is sent again is the same operation
//! (draft-ietf-httpapi-idempotency-key-header-07).

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use prosaas_domain::ids::{OperationId, UserId};
use sqlx::PgPool;

use super::keys::Hash;
use crate::http::problem::Problem;

/// Longest key, characters; the draft's own services take 255.
const MAX_LEN: usize = 255;

/// A client's key for one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header: 1 to 255 visible ASCII characters.
    pub fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().unwrap_or_default().trim();
        let sound = (1..=MAX_LEN).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        if sound {
            Ok(Some(Self(key.to_owned())))
        } else {
            Err(Problem::bad_request(
                "The Idempotency-Key must have 1 to 255 visible ASCII characters without spaces.",
            ))
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Notes the key, or finds it noted. Returns when it was first used.
///
/// # Errors
/// 422 when the key stands for another request, 503 when Postgres is away: without it
/// nobody can tell whether the key is known.
pub async fn claim(
    database: &PgPool,
    actor: UserId,
    key: &IdempotencyKey,
    body_hash: &Hash,
    operation: OperationId,
) -> Result<DateTime<Utc>, Problem> {
    // The update changes nothing; it makes the row that was there come back.
    let noted = sqlx::query!(
        "INSERT INTO prosaas.idempotency_keys AS k (actor_id, key, body_hash, operation_id)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT idempotency_keys_pk DO UPDATE SET key = k.key
         RETURNING body_hash, operation_id, created_at",
        actor.0,
        key.as_str(),
        body_hash.as_slice(),
        operation.0
    )
    .fetch_one(database)
    .await?;
    if noted.body_hash == body_hash && noted.operation_id == operation.0 {
        return Ok(noted.created_at);
    }
    Err(Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "/problems/idempotency-key-reused",
        "Idempotency-Key reused",
        "This Idempotency-Key was used for another request. Choose a new one.",
    ))
}

/// Whether the key was used before: the request is a repetition, and what holds now
/// is no reason to refuse it.
pub async fn known(database: &PgPool, actor: UserId, key: Option<&IdempotencyKey>) -> Result<bool, Problem> {
    let Some(key) = key else { return Ok(false) };
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.idempotency_keys WHERE actor_id = $1 AND key = $2
           ) AS "known!""#,
        actor.0,
        key.as_str()
    )
    .fetch_one(database)
    .await?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        let parse = |text: &str| {
            let headers = [("idempotency-key".parse().unwrap(), text.parse().unwrap())].into_iter().collect();
            IdempotencyKey::from_headers(&headers).map(|key| key.map(|k| k.0))
        };
        assert_eq!(parse("\"8e03978e\""), Ok(Some("\"8e03978e\"".to_owned())));
        assert_eq!(IdempotencyKey::from_headers(&HeaderMap::new()), Ok(None));
        assert!(parse("").is_err() && parse("two words").is_err() && parse(&"x".repeat(256)).is_err());
    }
}

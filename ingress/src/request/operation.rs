//! What became of a command: `GET /api/operations/{id}`.

use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use prosaas_domain::ids::{BusinessId, OperationId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        extract::ApiPath,
        keys::{Key, TAG_LEN},
        problem::{FieldError, Problem},
        session::Session,
    },
    state::App,
};

/// An operation without a row is pending for so long; after that nobody knows.
const PENDING_FOR: TimeDelta = TimeDelta::hours(24);

/// Bytes of a token in front of its tag: operation, business, actor, issue time.
const CLAIMS_LEN: usize = 16 * 3 + 8;

/// Names an operation to its client: the ids that it belongs to, under a tag, so that
/// any ingress can answer before there is a row, and nobody can ask for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationToken {
    /// The operation.
    pub id: OperationId,
    /// The business that it is about; none for the system's own.
    pub business: Option<BusinessId>,
    /// Who asked for it.
    pub actor: UserId,
    /// When, to the millisecond.
    pub issued_at: DateTime<Utc>,
}

impl OperationToken {
    /// Its text, 96 characters of base64url.
    pub fn encode(&self, key: &Key) -> String {
        let mut bytes = Vec::with_capacity(CLAIMS_LEN + TAG_LEN);
        bytes.extend_from_slice(self.id.0.as_bytes());
        bytes.extend_from_slice(self.business.map_or(Uuid::nil(), |b| b.0).as_bytes());
        bytes.extend_from_slice(self.actor.0.as_bytes());
        bytes.extend_from_slice(&self.issued_at.timestamp_millis().to_be_bytes());
        let tag = key.tag(&[&bytes]);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token that [`Self::encode`] wrote under the same key.
    pub fn decode(key: &Key, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (claims, tag) = bytes.split_at_checked(CLAIMS_LEN)?;
        if !key.verify(&[claims], tag) {
            return None;
        }
        let id = |at: usize| Uuid::from_slice(claims.get(at..at + 16)?).ok();
        let issued_ms = i64::from_be_bytes(claims.get(48..)?.try_into().ok()?);
        Some(Self {
            id: OperationId(id(0)?),
            business: id(16).filter(|business| !business.is_nil()).map(BusinessId),
            actor: UserId(id(32)?),
            issued_at: DateTime::from_timestamp_millis(issued_ms)?,
        })
    }
}

/// How far an operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// Accepted; it will be applied or refused.
    Pending,
    /// Applied.
    Succeeded,
    /// Refused; `problem` says why.
    Failed,
    /// Too old to tell.
    Unknown,
}

/// A command's outcome.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Operation {
    /// Its name in `/api/operations/{id}`.
    pub id: String,
    /// How far it has come.
    pub state: OperationState,
    /// What was asked, e.g. `lead.delete`; absent where that is not known yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What it is about; absent where that is not known yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<Uuid>,
    /// What a success brings, e.g. a new version or a count.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// When it was applied or refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// The answer to a command, and to a question about it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OperationAnswer {
    /// Always true: the operation is known. Whether *it* succeeded is its state.
    pub success: bool,
    /// The operation.
    pub operation: Operation,
}

/// The problem that the worker wrote into an operation's row.
#[derive(Debug, Default, Deserialize)]
struct WrittenProblem {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default, alias = "detail")]
    error: Option<String>,
    #[serde(default)]
    errors: Box<[FieldError]>,
}

impl From<WrittenProblem> for Problem {
    fn from(written: WrittenProblem) -> Self {
        let general = Self::conflict("/problems/refused", "The change was refused.");
        Self {
            kind: written.kind.map_or(general.kind, Into::into),
            title: written.title.map_or(general.title, Into::into),
            status: written.status.filter(|status| (400..600).contains(status)).unwrap_or(general.status),
            error: written.error.map_or(general.error, Into::into),
            errors: written.errors,
            ..Self::internal()
        }
    }
}

/// The outcome, where there is one.
pub async fn outcome(database: &PgPool, id: OperationId, token: &str) -> Result<Option<Operation>, Problem> {
    let row = sqlx::query!(
        "SELECT action, entity_id, state, result, problem, finished_at FROM prosaas.operations WHERE id = $1",
        id.0
    )
    .fetch_optional(database)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let state = if row.state == "succeeded" { OperationState::Succeeded } else { OperationState::Failed };
    let problem = row
        .problem
        .map(|problem| serde_json::from_value::<WrittenProblem>(problem).unwrap_or_default().into());
    Ok(Some(Operation {
        id: token.to_owned(),
        state,
        action: Some(row.action),
        entity_id: Some(row.entity_id),
        result: row.result,
        problem,
        finished_at: Some(row.finished_at),
    }))
}

/// How an operation went, or that it is still going. Only who asked for it may know,
/// and system admins.
#[utoipa::path(
    get,
    path = "/api/operations/{operation_id}",
    operation_id = "get_operation",
    tag = "operations",
    params(("operation_id" = String, Path, description = "As the command's answer named it", max_length = 200)),
    responses((status = 200, description = "The operation", body = OperationAnswer), (status = 404)),
)]
pub async fn get(
    State(app): State<App>,
    session: Session,
    ApiPath(text): ApiPath<String>,
) -> Result<Json<OperationAnswer>, Problem> {
    let token = OperationToken::decode(&app.api.operation_key, &text).ok_or_else(Problem::not_found)?;
    if token.actor != session.user_id && !session.is_admin() {
        return Err(Problem::not_found());
    }
    let found = outcome(&app.api.database, token.id, &text).await?;
    let operation = found.unwrap_or_else(|| Operation {
        id: text,
        state: if app.clock.now() - token.issued_at < PENDING_FOR {
            OperationState::Pending
        } else {
            OperationState::Unknown
        },
        action: None,
        entity_id: None,
        result: None,
        problem: None,
        finished_at: None,
    });
    Ok(Json(OperationAnswer { success: true, operation }))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn a_token_round_trips_and_cannot_be_changed() -> anyhow::Result<()> {
        let key = Key::derive(&SecretString::from("secret"), "operations");
        let token = OperationToken {
            id: OperationId(Uuid::from_u128(1)),
            business: None,
            actor: UserId(Uuid::from_u128(3)),
            issued_at: "2026-01-02T03:04:05.678Z".parse()?,
        };
        let text = token.encode(&key);
        assert_eq!(text.len(), 96);
        assert_eq!(OperationToken::decode(&key, &text), Some(token));
        for at in 0..text.len() {
            let mut tampered = text.clone().into_bytes();
            tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(OperationToken::decode(&key, &String::from_utf8(tampered)?), None, "{at}");
        }
        assert_eq!(OperationToken::decode(&Key::derive(&SecretString::from("x"), "operations"), &text), None);
        assert_eq!(OperationToken::decode(&key, ""), None);
        Ok(())
    }

    #[test]
    fn a_workers_problem_is_taken_over_as_far_as_it_goes() -> anyhow::Result<()> {
        let read = |text| serde_json::from_str::<WrittenProblem>(text).map(Problem::from);
        let problem = read(r#"{"status":412,"type":"/problems/version","title":"T","error":"E"}"#)?;
        assert_eq!(
            (problem.status, problem.kind.as_ref(), problem.error.as_ref()),
            (412, "/problems/version", "E")
        );
        assert_eq!(read(r#"{"status":200}"#)?.status, 409);
        let problem = read(r#"{"errors":[{"field":"email","code":"format","error":"E"}]}"#)?;
        let fields: Vec<_> = problem.errors.iter().map(|e| (e.field.as_str(), e.code.as_str())).collect();
        assert_eq!(fields, [("email", "format")], "the form shows it at its field");
        Ok(())
    }
}

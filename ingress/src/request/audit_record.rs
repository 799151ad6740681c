//! Audit records of what the ingress changes itself: credentials, sessions and tokens.
//! Written in the transaction of the change.

use prosaas_domain::ids::{BusinessId, UserId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{http::session::Session, request::meta::RequestMeta};

/// Who did it.
#[derive(Debug, Clone)]
pub struct Actor<'a> {
    /// The person; none where nobody is known, such as whoever asks for a reset.
    pub id: Option<UserId>,
    /// Their name at this time.
    pub name: &'a str,
    /// The business of the record.
    pub business: Option<BusinessId>,
}

impl<'a> From<&'a Session> for Actor<'a> {
    fn from(session: &'a Session) -> Self {
        Self { id: Some(session.user_id), name: &session.name, business: session.business_id }
    }
}

/// What was done. Never a password, a hash or a token.
#[derive(Debug)]
pub struct Change<'a> {
    /// Such as `session.begin`.
    pub action: &'static str,
    /// To what kind of thing.
    pub entity_type: &'static str,
    /// To which one.
    pub entity_id: Uuid,
    /// How it stood.
    pub before: Option<Value>,
    /// How it stands.
    pub after: Option<Value>,
    /// Who did it.
    pub actor: Actor<'a>,
}

/// Writes it.
pub async fn write(
    connection: &mut PgConnection,
    meta: &RequestMeta,
    change: Change<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO prosaas.audit_records
            (id, business_id, actor_id, actor_name, ip, request_id, action, entity_type, entity_id, before, after)
         VALUES ($1, $2, $3, $4, $5::text::inet, $6, $7, $8, $9, $10, $11)",
        Uuid::now_v7(),
        change.actor.business.map(|business| business.0),
        change.actor.id.map(|actor| actor.0),
        change.actor.name,
        meta.ip.to_string(),
        meta.request_id,
        change.action,
        change.entity_type,
        change.entity_id.to_string(),
        change.before,
        change.after
    )
    .execute(connection)
    .await?;
    Ok(())
}

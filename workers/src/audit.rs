//! Audit records: written in the transaction of the change that they tell of.

use prosaas_shared::ids::{BusinessId, UserId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{runtime::Meta, text::storable_value};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person, where it was one.
    pub id: Option<UserId>,
    /// Their name at that time, or the system's.
    pub name: String,
}

impl Actor {
    /// A part of the system.
    pub fn system(name: &str) -> Self {
        Self { id: None, name: name.to_owned() }
    }

    /// Whoever raised the event: the person, else the first part of the source
    /// (`/twilio/AC…` is `twilio`).
    pub fn of(meta: &Meta) -> Self {
        if let Some(id) = meta.actor {
            return Self { id: Some(id), name: id.to_string() };
        }
        let first = meta.source.split('/').find(|part| !part.is_empty());
        Self::system(first.unwrap_or("system"))
    }
}

/// One change.
#[derive(Debug)]
pub struct Record<'a> {
    /// The business that it belongs to.
    pub business: Option<BusinessId>,
    /// Who did it.
    pub actor: &'a Actor,
    /// The event that was applied; none for set-up.
    pub event_id: Option<&'a str>,
    /// What was done, such as `call.status`.
    pub action: &'a str,
    /// To what kind of thing.
    pub entity_type: &'a str,
    /// To which one.
    pub entity_id: &'a str,
    /// How it stood.
    pub before: Option<Value>,
    /// How it stands.
    pub after: Option<Value>,
}

/// Writes it.
pub async fn write(connection: &mut PgConnection, record: Record<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO prosaas.audit_records
            (id, business_id, actor_id, actor_name, event_id, action, entity_type, entity_id, before, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        Uuid::now_v7(),
        record.business.map(|b| b.0),
        record.actor.id.map(|a| a.0),
        record.actor.name,
        record.event_id,
        record.action,
        record.entity_type,
        record.entity_id,
        record.before.map(storable_value),
        record.after.map(storable_value)
    )
    .execute(connection)
    .await?;
    Ok(())
}

//! What the command line does, in the audit records.

use anyhow::{Context as _, Result};
use prosaas_domain::ids::BusinessId;
use prosaas_workers::audit::{self, Record};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::Ops;

/// An action: its name, the kind of thing, and which one.
pub type Action<'a> = (&'a str, &'a str, &'a str);

/// Writes the record of an action, in the transaction that does it.
pub async fn note(
    ops: &Ops,
    connection: &mut PgConnection,
    business: Option<BusinessId>,
    action: Action<'_>,
    after: Option<Value>,
) -> Result<()> {
    let (action, entity_type, entity_id) = action;
    let record = Record {
        business,
        actor: &ops.actor(),
        request: None,
        event_id: None,
        action,
        entity_type,
        entity_id,
        before: None,
        after,
    };
    audit::write(connection, record).await.context("the audit record")
}

/// Nobody sees personal data unless it is on record that they asked.
pub async fn note_reveal(ops: &Ops, pool: &PgPool, action: Action<'_>) -> Result<()> {
    note(ops, &mut *pool.acquire().await?, None, action, None).await
}

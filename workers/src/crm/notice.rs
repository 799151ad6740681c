//! What a command changed, told to who is watching.

use prosaas_shared::{events::crm::CommandMeta, ids::BusinessId, subjects::LiveKind};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    live::{Live, Update},
    runtime::Meta,
};

/// A command that changed more things than this is told as one change of their kind.
const SINGLY: usize = 20;

/// Publishes what the event's audit records say that it changed, and that its operation
/// has ended. The records are there for a redelivery too; a refused command has none.
pub(super) async fn publish(
    pool: &PgPool,
    live: &Live,
    meta: &Meta,
    request: &CommandMeta,
    action: &'static str,
    entity: Uuid,
) {
    let changed = match changes(pool, &meta.id).await {
        Ok(changed) => changed,
        Err(error) => {
            tracing::warn!(event = "live.unread", %error, "a live update is lost");
            Vec::new()
        }
    };
    let update = |business, kind, id, action: &str| Update {
        business,
        kind,
        id,
        action: action.to_owned(),
        operation: Some(request.operation_id),
        actor: meta.actor,
    };
    let many = changed.len() > SINGLY;
    for (business, kind, id, action) in changed.iter().take(if many { 0 } else { SINGLY }).cloned() {
        live.publish(update(business, kind, id, &action)).await;
    }
    if let (true, Some((business, kind, ..))) = (many, changed.first()) {
        live.publish(update(*business, *kind, entity.to_string(), action)).await;
    }
    let operation = request.operation_id.to_string();
    live.publish(update(meta.business, LiveKind::Operation, operation, action)).await;
}

type Changed = (Option<BusinessId>, LiveKind, String, String);

async fn changes(pool: &PgPool, event_id: &str) -> Result<Vec<Changed>, sqlx::Error> {
    let limit = i64::try_from(SINGLY + 1).unwrap_or(i64::MAX);
    let rows = sqlx::query!(
        "SELECT business_id, entity_type, entity_id, action FROM prosaas.audit_records
         WHERE event_id = $1 LIMIT $2",
        event_id,
        limit
    )
    .fetch_all(pool)
    .await?;
    let changed = rows.into_iter().filter_map(|row| {
        let kind = KINDS.into_iter().find(|kind| kind.as_str() == row.entity_type)?;
        Some((row.business_id.map(BusinessId), kind, row.entity_id, row.action))
    });
    Ok(changed.collect())
}

/// Kinds that commands change.
const KINDS: [LiveKind; 4] = [LiveKind::Lead, LiveKind::Call, LiveKind::User, LiveKind::Business];

//! What a command changed, told to who is watching.

use prosaas_events::{crm::CommandMeta, subjects::LiveKind};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    live::{Live, SINGLY, Update, changes},
    runtime::Meta,
};

/// Publishes what the command changed, and that its operation has ended. A refused
/// command changed nothing. One that changed many things is told once, by its own
/// entity, which is the batch.
pub(super) async fn publish(
    pool: &PgPool,
    live: &Live,
    meta: &Meta,
    request: &CommandMeta,
    action: &'static str,
    entity: Uuid,
) {
    let mut updates = changes(pool, &meta.id).await;
    if updates.len() > SINGLY {
        updates.truncate(1);
        for update in &mut updates {
            (update.id, update.action) = (entity.to_string(), action.to_owned());
        }
    }
    updates.push(Update::fact(meta.business, LiveKind::Operation, request.operation_id, action));
    for update in updates {
        let (operation, actor) = (Some(request.operation_id), meta.actor);
        live.publish(Update { operation, actor, ..update }).await;
    }
}

//! Leads stay in the trash for 30 days, then they are gone. Their calls stay, as calls
//! of nobody known; the audit keeps the leads' ids.

use prosaas_domain::ids::{BusinessId, LeadId};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::audit::{self, Actor, Record};

/// Leads of one transaction.
const BATCH: i64 = 500;

/// Deletes the leads whose time in the trash is over; returns how many.
pub async fn empty_trash(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut gone = 0;
    loop {
        let part = purge_part(pool).await?;
        if part == 0 {
            return Ok(gone);
        }
        gone += part;
    }
}

async fn purge_part(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    // One that is just being restored is somebody else's now.
    let due = sqlx::query!(
        "SELECT id, business_id, deleted_at FROM prosaas.leads
         WHERE deleted_at < now() - interval '30 days'
         ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
        BATCH
    )
    .fetch_all(&mut *transaction)
    .await?;
    let ids: Vec<Uuid> = due.iter().map(|lead| lead.id).collect();
    sqlx::query!(
        "UPDATE prosaas.calls c SET lead_id = NULL
         FROM prosaas.leads l WHERE l.id = ANY ($1) AND c.business_id = l.business_id AND c.lead_id = l.id",
        &ids
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "DELETE FROM prosaas.lead_phones p
         USING prosaas.leads l WHERE l.id = ANY ($1) AND p.business_id = l.business_id AND p.lead_id = l.id",
        &ids
    )
    .execute(&mut *transaction)
    .await?;
    let gone = sqlx::query!("DELETE FROM prosaas.leads WHERE id = ANY ($1)", &ids)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    let system = Actor::system("system");
    let leads: Vec<_> = due
        .into_iter()
        .map(|lead| (BusinessId(lead.business_id), LeadId(lead.id).to_string(), lead.deleted_at))
        .collect();
    let records = leads.iter().map(|(business, id, deleted_at)| Record {
        business: Some(*business),
        actor: &system,
        request: None,
        event_id: None,
        action: "lead.purge",
        entity_type: "lead",
        entity_id: id,
        before: Some(json!({ "deleted_at": deleted_at })),
        after: None,
    });
    audit::write_all(&mut transaction, records.collect()).await?;
    transaction.commit().await?;
    Ok(gone)
}

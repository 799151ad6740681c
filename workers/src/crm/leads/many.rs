//! `crm.lead.delete_many` and `crm.lead.restore_many`. Those that are where they shall
//! be already, or are no leads of the business, are skipped; each of the others gets an
//! audit record of its own. The result names those that moved: what a filter meant then
//! can be undone exactly.

use prosaas_domain::{ids::LeadId, rights::Right};
use prosaas_events::{
    crm::lead::{LeadDeleteManyV1, LeadRestoreManyV1, MAX_BULK},
    domain_event::lead::{LeadDeletedV1, LeadRestoredV1},
    subjects::LiveKind,
};
use serde_json::json;
use uuid::Uuid;

use super::{phones, trash::Way};
use crate::{
    crm::{
        command::{Applied, Apply, Change, Scene},
        refusal::{Refusal, Stop},
    },
    domain_events::{Trigger, raise_all},
};

impl Apply for LeadDeleteManyV1 {
    const RIGHT: Right = Right::WriteCrm;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        move_all(scene, &self.lead_ids, Way::Delete).await
    }
}

impl Apply for LeadRestoreManyV1 {
    const RIGHT: Right = Right::WriteCrm;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        move_all(scene, &self.lead_ids, Way::Restore).await
    }
}

async fn move_all(scene: &mut Scene<'_>, leads: &[LeadId], way: Way) -> Result<Applied, Stop> {
    let business = scene.business()?;
    if leads.len() > MAX_BULK {
        return Err(Refusal::invalid("ids", "count", "At most 10,000 leads at a time.").into());
    }
    let mut ids: Vec<Uuid> = leads.iter().map(|lead| lead.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let asked = ids.len();
    // In the order of their ids, so that two of these cannot wait for each other.
    let ids = sqlx::query_scalar!(
        "SELECT id FROM prosaas.leads
         WHERE business_id = $1 AND id = ANY ($2) AND (deleted_at IS NULL) = $3
         ORDER BY id FOR UPDATE",
        business.0,
        &ids,
        way == Way::Delete
    )
    .fetch_all(&mut *scene.connection)
    .await?;
    let moved = sqlx::query!(
        "UPDATE prosaas.leads
         SET deleted_at = CASE WHEN $3 THEN now() END, deleted_by = CASE WHEN $3 THEN $4::uuid END,
             version = version + 1, updated_at = now()
         WHERE business_id = $1 AND id = ANY ($2)
         RETURNING id, name, version",
        business.0,
        &ids,
        way == Way::Delete,
        scene.actor.id.0
    )
    .fetch_all(&mut *scene.connection)
    .await?;
    let numbers = sqlx::query_scalar!(
        r#"SELECT DISTINCT e164 AS "e164!" FROM prosaas.lead_phones
           WHERE business_id = $1 AND lead_id = ANY ($2) AND e164 IS NOT NULL"#,
        business.0,
        &ids
    )
    .fetch_all(&mut *scene.connection)
    .await?;
    phones::settle(scene.connection, business, &numbers).await?;
    let trigger = Trigger::of(scene.meta);
    let each = moved.iter().map(|row| (LeadId(row.id), row.version));
    match way {
        Way::Delete => {
            let events = each.map(|(lead_id, version)| LeadDeletedV1 { lead_id, version });
            raise_all(scene.connection, &trigger, Some(business), events).await?;
        }
        Way::Restore => {
            let events = each.map(|(lead_id, version)| LeadRestoredV1 { lead_id, version });
            raise_all(scene.connection, &trigger, Some(business), events).await?;
        }
    }
    let deleted = way == Way::Delete;
    let done = moved.len();
    let changes = moved.into_iter().map(|row| Change {
        business: Some(business),
        action: way.action(),
        kind: LiveKind::Lead,
        id: row.id.to_string(),
        before: Some(json!({ "name": row.name, "deleted": !deleted, "version": row.version - 1 })),
        after: Some(json!({ "deleted": deleted, "version": row.version })),
    });
    let word = if deleted { "deleted" } else { "restored" };
    let result = json!({ word: done, "skipped": asked - done, "lead_ids": ids });
    Ok(Applied { changes: changes.collect(), result })
}

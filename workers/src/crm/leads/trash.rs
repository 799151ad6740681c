//! `crm.lead.delete` and `crm.lead.restore`: into the trash and out of it. In the trash
//! a lead matches no callers; out of it, those whom nobody else has taken meanwhile.

use prosaas_domain::{ids::LeadId, rights::Right};
use prosaas_events::{
    crm::lead::{LeadDeleteV1, LeadRestoreV1},
    domain_event::lead::{LeadDeletedV1, LeadRestoredV1},
};
use serde_json::json;

use super::{hold, phones};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::{Refusal, Stop},
};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Delete,
    Restore,
}

impl Way {
    /// As the audit says it of each lead, also where one command moved many.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::Delete => "lead.delete",
            Self::Restore => "lead.restore",
        }
    }
}

impl Apply for LeadDeleteV1 {
    const RIGHT: Right = Right::WriteCrm;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        one(scene, self.lead_id, Way::Delete).await
    }
}

impl Apply for LeadRestoreV1 {
    const RIGHT: Right = Right::WriteCrm;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        one(scene, self.lead_id, Way::Restore).await
    }
}

async fn one(scene: &mut Scene<'_>, id: LeadId, way: Way) -> Result<Applied, Stop> {
    let lead = hold(scene.connection, scene.business()?, id).await?;
    match (way, lead.deleted_at.is_some()) {
        (Way::Delete, true) => {
            return Err(
                Refusal::conflict("/problems/lead-deleted", "This lead is in the trash already.").into()
            );
        }
        (Way::Restore, false) => {
            return Err(
                Refusal::conflict("/problems/lead-not-deleted", "This lead is not in the trash.").into()
            );
        }
        _ => {}
    }
    sqlx::query!(
        "UPDATE prosaas.leads
         SET deleted_at = CASE WHEN $3 THEN now() END, deleted_by = CASE WHEN $3 THEN $4::uuid END,
             version = version + 1, updated_at = now()
         WHERE business_id = $1 AND id = $2",
        lead.business.0,
        lead.id.0,
        way == Way::Delete,
        scene.actor.id.0
    )
    .execute(&mut *scene.connection)
    .await?;
    phones::settle(scene.connection, lead.business, &lead.numbers()).await?;
    let (lead_id, version) = (lead.id, lead.version + 1);
    match way {
        Way::Delete => scene.raise(Some(lead.business), LeadDeletedV1 { lead_id, version }).await?,
        Way::Restore => scene.raise(Some(lead.business), LeadRestoredV1 { lead_id, version }).await?,
    }
    let after = json!({ "deleted": way == Way::Delete, "version": version });
    let change = lead.change(way.action(), Some(lead.summary()), after);
    Ok(Applied { changes: vec![change], result: json!({ "lead_id": lead.id, "version": version }) })
}

//! `crm.lead.create`: a person enters a lead.

use prosaas_domain::rights::Right;
use prosaas_events::{
    crm::lead::{LeadCreateV1, LeadSource, LeadStatus},
    domain_event::lead::LeadCreatedV1,
};
use serde_json::json;

use super::{Lead, fields, owner_must_be_there, phones, source_word, status_word};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::Stop,
};

impl Apply for LeadCreateV1 {
    const RIGHT: Right = Right::WriteCrm;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let fields = &self.fields;
        let source = fields.source.unwrap_or(LeadSource::Manual);
        let lead = Lead {
            business: scene.business()?,
            id: self.lead_id,
            name: fields::name(fields.name.as_deref())?,
            email: fields::email(fields.email.as_deref())?,
            status: status_word(fields.status.unwrap_or(LeadStatus::New)).to_owned(),
            source: source_word(source).to_owned(),
            owner: fields.owner_id,
            tags: fields::tags(&fields.tags)?,
            notes: fields::notes(&fields.notes)?,
            version: 1,
            deleted_at: None,
            phones: phones::read_all(&fields.phones)?,
        };
        owner_must_be_there(scene.connection, lead.business, lead.owner).await?;
        insert(scene, &lead).await?;
        phones::replace(scene.connection, lead.business, lead.id, &lead.phones).await?;
        phones::settle(scene.connection, lead.business, &lead.numbers()).await?;
        let created = LeadCreatedV1 { lead_id: lead.id, version: lead.version, source, call_sid: None };
        scene.raise(Some(lead.business), created).await?;
        let change = lead.change("lead.create", None, lead.summary());
        Ok(Applied { changes: vec![change], result: json!({ "lead_id": lead.id, "version": lead.version }) })
    }
}

async fn insert(scene: &mut Scene<'_>, lead: &Lead) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO prosaas.leads
            (id, business_id, name, email, status, source, owner_id, tags, notes, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())",
        lead.id.0,
        lead.business.0,
        lead.name,
        lead.email,
        lead.status,
        lead.source,
        lead.owner.map(|owner| owner.0),
        &lead.tags,
        lead.notes,
        scene.meta.time
    )
    .execute(&mut *scene.connection)
    .await?;
    Ok(())
}

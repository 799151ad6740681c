//! `crm.lead.update`: what is absent stays. Of two who change the same version, the
//! second is refused and loses nothing: it looks again.

use prosaas_domain::rights::Right;
use prosaas_events::{
    crm::lead::{LeadChanges, LeadUpdateV1},
    domain_event::lead::{LeadField, LeadUpdatedV1},
};
use serde_json::{Value, json};

use super::{Lead, fields, hold, owner_must_be_there, phones, status_word};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::{Refusal, Stop},
};

impl Apply for LeadUpdateV1 {
    const RIGHT: Right = Right::WriteCrm;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let before = hold(scene.connection, scene.business()?, self.lead_id).await?;
        if before.deleted_at.is_some() {
            return Err(Refusal::conflict("/problems/lead-deleted", "This lead is in the trash.").into());
        }
        if before.version != self.expected_version {
            return Err(Refusal::stale("lead").into());
        }
        let after = changed(&before, &self.changes)?;
        if after.owner != before.owner {
            owner_must_be_there(scene.connection, after.business, after.owner).await?;
        }
        save(scene, &after).await?;
        if after.phones != before.phones {
            phones::replace(scene.connection, after.business, after.id, &after.phones).await?;
            let touched = [before.numbers(), after.numbers()].concat();
            phones::settle(scene.connection, after.business, &touched).await?;
        }
        let changed = changed_fields(&before, &after);
        let updated = LeadUpdatedV1 { lead_id: after.id, version: after.version, changed };
        scene.raise(Some(after.business), updated).await?;
        let (was, is) = difference(before.summary(), after.summary());
        let change = after.change("lead.update", Some(was), is);
        Ok(Applied {
            changes: vec![change],
            result: json!({ "lead_id": after.id, "version": after.version }),
        })
    }
}

/// The lead after the changes.
fn changed(before: &Lead, changes: &LeadChanges) -> Result<Lead, Refusal> {
    let mut lead = Lead { version: before.version + 1, ..before.clone() };
    if let Some(name) = &changes.name {
        lead.name = fields::name(name.as_deref())?;
    }
    if let Some(email) = &changes.email {
        lead.email = fields::email(email.as_deref())?;
    }
    if let Some(texts) = &changes.phones {
        lead.phones = phones::read_all(texts)?;
    }
    if let Some(status) = changes.status {
        status_word(status).clone_into(&mut lead.status);
    }
    if let Some(owner) = changes.owner_id {
        lead.owner = owner;
    }
    if let Some(tags) = &changes.tags {
        lead.tags = fields::tags(tags)?;
    }
    if let Some(notes) = &changes.notes {
        lead.notes = fields::notes(notes)?;
    }
    Ok(lead)
}

async fn save(scene: &mut Scene<'_>, lead: &Lead) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.leads
         SET name = $3, email = $4, status = $5, owner_id = $6, tags = $7, notes = $8, version = $9,
             updated_at = now()
         WHERE business_id = $1 AND id = $2",
        lead.business.0,
        lead.id.0,
        lead.name,
        lead.email,
        lead.status,
        lead.owner.map(|owner| owner.0),
        &lead.tags,
        lead.notes,
        lead.version
    )
    .execute(&mut *scene.connection)
    .await?;
    Ok(())
}

/// What has another value now.
fn changed_fields(before: &Lead, after: &Lead) -> Vec<LeadField> {
    let differs = [
        (LeadField::Name, before.name != after.name),
        (LeadField::Email, before.email != after.email),
        (LeadField::Phones, before.phones != after.phones),
        (LeadField::Status, before.status != after.status),
        (LeadField::Owner, before.owner != after.owner),
        (LeadField::Tags, before.tags != after.tags),
        (LeadField::Notes, before.notes != after.notes),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

/// Of two summaries, only what differs.
fn difference(mut was: Value, mut is: Value) -> (Value, Value) {
    if let (Some(old), Some(new)) = (was.as_object_mut(), is.as_object_mut()) {
        new.retain(|key, value| old.get(key) != Some(value));
        old.retain(|key, _| new.contains_key(key));
    }
    (was, is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_recorded() {
        let (was, is) = difference(json!({ "a": 1, "b": 2 }), json!({ "a": 1, "b": 3 }));
        assert_eq!((was, is), (json!({ "b": 2 }), json!({ "b": 3 })));
    }
}

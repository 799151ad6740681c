//! Commands about leads.

mod create;
mod fields;
mod many;
pub mod phones;
mod trash;
mod update;

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, LeadId, UserId},
    phone::masked,
};
use prosaas_events::{
    crm::lead::{LeadSource, LeadStatus},
    subjects::LiveKind,
};
use serde_json::{Value, json};
use sqlx::PgConnection;

use self::phones::Phone;
use super::{
    command::Change,
    refusal::{Refusal, Stop},
};

/// A lead's row and its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lead {
    business: BusinessId,
    id: LeadId,
    name: Option<String>,
    email: Option<String>,
    status: String,
    source: String,
    owner: Option<UserId>,
    tags: Vec<String>,
    notes: String,
    version: i64,
    deleted_at: Option<DateTime<Utc>>,
    phones: Vec<Phone>,
}

impl Lead {
    /// For the audit. A record can never be changed, so it holds no more of a person
    /// than tells which lead it was and what became of it: numbers and addresses are
    /// masked, and of notes only the length stands here.
    fn summary(&self) -> Value {
        json!({
            "name": self.name,
            "email": self.email.as_deref().map(masked_address),
            "phones": self.phones.iter().map(|phone| masked(&phone.raw)).collect::<Vec<_>>(),
            "status": self.status,
            "source": self.source,
            "owner_id": self.owner,
            "tags": self.tags,
            "notes_length": self.notes.chars().count(),
            "version": self.version,
            "deleted": self.deleted_at.is_some(),
        })
    }

    fn change(&self, action: &'static str, before: Option<Value>, after: Value) -> Change {
        Change {
            business: Some(self.business),
            action,
            kind: LiveKind::Lead,
            id: self.id.to_string(),
            before,
            after: Some(after),
        }
    }

    /// Its numbers that are numbers.
    fn numbers(&self) -> Vec<String> {
        phones::numbers(&self.phones)
    }
}

/// `dana@example.com` as `***@example.com`.
fn masked_address(address: &str) -> String {
    address.rsplit_once('@').map_or_else(|| "***".to_owned(), |(_, domain)| format!("***@{domain}"))
}

/// The lead that a command is about, locked, deleted or not.
async fn hold(connection: &mut PgConnection, business: BusinessId, id: LeadId) -> Result<Lead, Stop> {
    let row = sqlx::query!(
        "SELECT name, email, status, source, owner_id, tags, notes, version, deleted_at
         FROM prosaas.leads WHERE business_id = $1 AND id = $2 FOR UPDATE",
        business.0,
        id.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Err(Stop::Missing(Refusal::not_found("lead"))) };
    Ok(Lead {
        business,
        id,
        name: row.name,
        email: row.email,
        status: row.status,
        source: row.source,
        owner: row.owner_id.map(UserId),
        tags: row.tags,
        notes: row.notes,
        version: row.version,
        deleted_at: row.deleted_at,
        phones: phones::load(connection, business, id).await?,
    })
}

/// Who looks after a lead is a person of its business who has not been removed.
async fn owner_must_be_there(
    connection: &mut PgConnection,
    business: BusinessId,
    owner: Option<UserId>,
) -> Result<(), Stop> {
    let Some(owner) = owner else { return Ok(()) };
    let there = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.users WHERE id = $1 AND business_id = $2 AND deleted_at IS NULL
           ) AS "there!""#,
        owner.0,
        business.0
    )
    .fetch_one(connection)
    .await?;
    if there {
        return Ok(());
    }
    Err(Refusal::invalid("owner_id", "unknown", "The owner is nobody of this business.").into())
}

const fn status_word(status: LeadStatus) -> &'static str {
    match status {
        LeadStatus::New => "new",
        LeadStatus::Contacted => "contacted",
        LeadStatus::Qualified => "qualified",
        LeadStatus::Won => "won",
        LeadStatus::Lost => "lost",
    }
}

const fn source_word(source: LeadSource) -> &'static str {
    match source {
        LeadSource::Call => "call",
        LeadSource::Whatsapp => "whatsapp",
        LeadSource::Manual => "manual",
        LeadSource::Import => "import",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_wire() {
        for status in
            [LeadStatus::New, LeadStatus::Contacted, LeadStatus::Qualified, LeadStatus::Won, LeadStatus::Lost]
        {
            assert_eq!(json!(status), status_word(status));
        }
        for source in [LeadSource::Call, LeadSource::Whatsapp, LeadSource::Manual, LeadSource::Import] {
            assert_eq!(json!(source), source_word(source));
        }
    }

    #[test]
    fn an_address_keeps_its_domain() {
        assert_eq!(masked_address("dana@example.com"), "***@example.com");
        assert_eq!(masked_address("nonsense"), "***");
    }
}

//! Audit records: written in the transaction of the change that they tell of.

use prosaas_domain::ids::{BusinessId, UserId};
use prosaas_events::crm::CommandMeta;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    runtime::Meta,
    text::{storable, storable_value},
};

/// Records of one statement.
const STATEMENT: usize = 1000;

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
    /// The request that asked for it, where a person did.
    pub request: Option<&'a CommandMeta>,
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

impl<'a> Record<'a> {
    fn ip(&self) -> Option<String> {
        Some(self.request?.ip?.to_string())
    }

    fn request_id(&self) -> Option<&'a str> {
        self.request.map(|request| request.request_id.as_str())
    }
}

/// Writes it.
pub async fn write(connection: &mut PgConnection, record: Record<'_>) -> Result<(), sqlx::Error> {
    let (ip, request_id) = (record.ip(), record.request_id());
    sqlx::query!(
        "INSERT INTO prosaas.audit_records
            (id, business_id, actor_id, actor_name, ip, request_id, event_id, action, entity_type, entity_id,
             before, after)
         VALUES ($1, $2, $3, $4, $5::text::inet, $6, $7, $8, $9, $10, $11, $12)",
        Uuid::now_v7(),
        record.business.map(|b| b.0),
        record.actor.id.map(|a| a.0),
        storable(&record.actor.name),
        ip,
        request_id,
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

/// Writes them, many by one statement.
pub async fn write_all(connection: &mut PgConnection, records: Vec<Record<'_>>) -> Result<(), sqlx::Error> {
    let mut records = records.into_iter();
    loop {
        let mut part: Vec<_> = records.by_ref().take(STATEMENT).collect();
        if part.len() == 1 {
            if let Some(only) = part.pop() {
                write(connection, only).await?;
            }
        } else if part.is_empty() {
            return Ok(());
        } else {
            write_part(connection, part).await?;
        }
    }
}

async fn write_part(connection: &mut PgConnection, records: Vec<Record<'_>>) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = records.iter().map(|_| Uuid::now_v7()).collect();
    let businesses: Vec<Option<Uuid>> = records.iter().map(|r| r.business.map(|b| b.0)).collect();
    let actors: Vec<Option<Uuid>> = records.iter().map(|r| r.actor.id.map(|a| a.0)).collect();
    let names: Vec<String> = records.iter().map(|r| storable(&r.actor.name)).collect();
    let ips: Vec<Option<String>> = records.iter().map(Record::ip).collect();
    let requests: Vec<Option<String>> = records.iter().map(|r| r.request_id().map(str::to_owned)).collect();
    let events: Vec<Option<String>> = records.iter().map(|r| r.event_id.map(str::to_owned)).collect();
    let actions: Vec<String> = records.iter().map(|r| r.action.to_owned()).collect();
    let types: Vec<String> = records.iter().map(|r| r.entity_type.to_owned()).collect();
    let entities: Vec<String> = records.iter().map(|r| r.entity_id.to_owned()).collect();
    let (before, after): (Vec<Value>, Vec<Value>) =
        records.into_iter().map(|r| (stored(r.before), stored(r.after))).unzip();
    sqlx::query!(
        "INSERT INTO prosaas.audit_records
            (id, business_id, actor_id, actor_name, ip, request_id, event_id, action, entity_type, entity_id,
             before, after)
         SELECT r.id, r.business_id, r.actor_id, r.actor_name, r.ip::inet, r.request_id, r.event_id, r.action,
                r.entity_type, r.entity_id, NULLIF(r.before, 'null'::jsonb), NULLIF(r.after, 'null'::jsonb)
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::jsonb[], $12::jsonb[])
              AS r (id, business_id, actor_id, actor_name, ip, request_id, event_id, action, entity_type, entity_id,
                    before, after)",
        &ids,
        &businesses as &[Option<Uuid>],
        &actors as &[Option<Uuid>],
        &names,
        &ips as &[Option<String>],
        &requests as &[Option<String>],
        &events as &[Option<String>],
        &actions,
        &types,
        &entities,
        &before,
        &after
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn stored(value: Option<Value>) -> Value {
    value.map_or(Value::Null, storable_value)
}

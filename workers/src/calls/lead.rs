//! The lead on the other side of a call: matched by E.164, or made.

use prosaas_domain::{
    ids::{BusinessId, CallSid, LeadId},
    name::Name,
    phone::{self, E164, READER},
};
use prosaas_events::{
    crm::lead::LeadSource,
    domain_event::lead::{LeadCreatedV1, LeadField, LeadUpdatedV1},
};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{fold::CallState, owner};
use crate::{
    audit::{self, Actor, Record},
    domain_events::{Trigger, raise},
};

/// What a lead comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The event, where one was applied.
    pub event_id: Option<&'a str>,
    /// What the lead's domain events are raised for.
    pub trigger: &'a Trigger,
    /// Who raised it.
    pub actor: &'a Actor,
    /// The call.
    pub call: &'a CallSid,
}

/// The lead of a call. An inbound caller whom nobody knows becomes one, unless the
/// number is withheld, no E.164 number, or the business's own; whom the business
/// itself calls is only matched.
pub async fn of_call(
    connection: &mut PgConnection,
    business: BusinessId,
    state: &CallState,
    origin: Origin<'_>,
) -> Result<Option<LeadId>, sqlx::Error> {
    let inbound = state.is_inbound();
    let Some(number) = (if inbound { state.caller() } else { state.called() }) else { return Ok(None) };
    if owner::is_own_number(connection, business, &number).await? {
        return Ok(None);
    }
    // Two first calls of one caller at once: the second waits, and finds the lead.
    let key = format!("prosaas.lead:{business}:{number}");
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        .execute(&mut *connection)
        .await?;
    match matching(connection, business, &number).await? {
        Some(lead) => Ok(Some(lead)),
        None if inbound => create(connection, business, &number, state, origin).await.map(Some),
        None => Ok(None),
    }
}

async fn matching(
    connection: &mut PgConnection,
    business: BusinessId,
    number: &E164,
) -> Result<Option<LeadId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "SELECT lead_id FROM prosaas.lead_phones
         WHERE business_id = $1 AND e164 = $2 AND matches_callers",
        business.0,
        number.as_str()
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(LeadId))
}

async fn create(
    connection: &mut PgConnection,
    business: BusinessId,
    number: &E164,
    state: &CallState,
    origin: Origin<'_>,
) -> Result<LeadId, sqlx::Error> {
    let lead = LeadId(Uuid::now_v7());
    let name = name(state);
    sqlx::query!(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         VALUES ($1, $2, $3, 'call', COALESCE($4, now()), now())",
        lead.0,
        business.0,
        name.as_deref(),
        state.started_at
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw, search_digits, reader, created_at)
         VALUES ($1, $2, $3, $4, $4, $5, $6, now())",
        Uuid::now_v7(),
        business.0,
        lead.0,
        number.as_str(),
        phone::search_digits(number.as_str()),
        READER
    )
    .execute(&mut *connection)
    .await?;
    let after = json!({ "source": "call", "call_sid": origin.call, "name": name });
    record(connection, business, lead, "lead.create", None, after, origin).await?;
    let created = LeadCreatedV1 {
        lead_id: lead,
        version: 1,
        source: LeadSource::Call,
        call_sid: Some(origin.call.clone()),
    };
    raise(connection, origin.trigger, Some(business), created).await?;
    Ok(lead)
}

/// Gives a lead that a call made the name that only a later event of it knows.
/// What a person wrote stays.
pub async fn name_from_call(
    connection: &mut PgConnection,
    business: BusinessId,
    lead: LeadId,
    state: &CallState,
    origin: Origin<'_>,
) -> Result<(), sqlx::Error> {
    let Some(name) = name(state).filter(|_| state.is_inbound()) else { return Ok(()) };
    let named = sqlx::query_scalar!(
        "UPDATE prosaas.leads SET name = $3, version = version + 1, updated_at = now()
         WHERE business_id = $1 AND id = $2 AND name IS NULL AND source = 'call' AND deleted_at IS NULL
         RETURNING version",
        business.0,
        lead.0,
        name
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(version) = named {
        let before = Some(json!({ "name": null }));
        record(connection, business, lead, "lead.name", before, json!({ "name": name }), origin).await?;
        let updated = LeadUpdatedV1 { lead_id: lead, version, changed: vec![LeadField::Name] };
        raise(connection, origin.trigger, Some(business), updated).await?;
    }
    Ok(())
}

fn name(state: &CallState) -> Option<String> {
    let name = state.details.as_ref()?.parties.caller_name.as_deref()?;
    Name::clean(name).map(String::from)
}

async fn record(
    connection: &mut PgConnection,
    business: BusinessId,
    lead: LeadId,
    action: &str,
    before: Option<serde_json::Value>,
    after: serde_json::Value,
    origin: Origin<'_>,
) -> Result<(), sqlx::Error> {
    let record = Record {
        business: Some(business),
        actor: origin.actor,
        request: None,
        event_id: origin.event_id,
        action,
        entity_type: "lead",
        entity_id: &lead.to_string(),
        before,
        after: Some(after),
    };
    audit::write(connection, record).await
}

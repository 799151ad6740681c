//! The leads on the other side of calls: matched by E.164, or made.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prosaas_domain::{
    ids::{BusinessId, LeadId},
    name::Name,
    phone::{self, E164, READER},
};
use prosaas_events::{
    crm::lead::LeadSource,
    domain_event::lead::{LeadCreatedV1, LeadField, LeadUpdatedV1},
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{change::Change, fold::CallState, store::StoredCall};
use crate::{
    audit::{self, Record},
    domain_events::Pending,
    live::Update,
};

/// Whom a call is with: a business, and the number on the other side.
type Party = (BusinessId, E164);

/// Finds the lead of each call that has a business and none yet. An inbound caller whom nobody knows becomes one,
/// unless the number is withheld, no E.164 number, or the business's own; whom the business itself calls is only
/// matched. A lead that a call made gets the name that only a later event knows; what a person wrote stays.
pub(super) async fn find(
    connection: &mut PgConnection,
    changes: &mut [Change<'_>],
    pending: &mut Pending,
    updates: &mut Vec<Update>,
) -> Result<(), sqlx::Error> {
    let mut parties: BTreeSet<Party> = changes.iter().filter_map(missing).collect();
    if !parties.is_empty() {
        for own in own_numbers(connection, &parties).await? {
            parties.remove(&own);
        }
        lock(connection, &parties).await?;
        let mut leads = matching(connection, &parties).await?;
        leads.extend(create(connection, changes, &parties, &leads, pending, updates).await?);
        for change in changes.iter_mut() {
            if let Some(party) = missing(change) {
                change.after.lead = leads.get(&party).copied();
            }
        }
    }
    name(connection, changes, pending, updates).await
}

/// Whom the call is with, where its business is known and no lead is.
fn missing(change: &Change<'_>) -> Option<Party> {
    let StoredCall { state, business, lead: None, .. } = &change.after else { return None };
    let number = if state.is_inbound() { state.caller() } else { state.called() };
    Some(((*business)?, number?))
}

/// As arrays for a statement.
fn columns<'a>(parties: impl Iterator<Item = &'a Party>) -> (Vec<Uuid>, Vec<String>) {
    parties.map(|(business, number)| (business.0, number.as_str().to_owned())).unzip()
}

/// Those that are the business itself: a number that it owns, or one that it forwards calls to. Neither is a lead.
async fn own_numbers(
    connection: &mut PgConnection,
    parties: &BTreeSet<Party>,
) -> Result<Vec<Party>, sqlx::Error> {
    let (businesses, numbers) = columns(parties.iter());
    let rows = sqlx::query!(
        r#"SELECT p.business_id AS "business_id!", p.e164 AS "e164!"
           FROM unnest($1::uuid[], $2::text[]) AS p (business_id, e164)
           WHERE EXISTS (
               SELECT FROM prosaas.business_numbers n
               WHERE n.business_id = p.business_id AND n.e164 = p.e164 AND n.released_at IS NULL
           ) OR EXISTS (
               SELECT FROM prosaas.businesses b
               WHERE b.id = p.business_id AND b.call_settings -> 'forward_to' ? p.e164
           )"#,
        &businesses,
        &numbers
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((BusinessId(row.business_id), E164::parse(&row.e164).ok()?)))
        .collect())
}

/// Two first calls of one caller at once: the second waits, and finds the lead.
async fn lock(connection: &mut PgConnection, parties: &BTreeSet<Party>) -> Result<(), sqlx::Error> {
    let keys: Vec<String> =
        parties.iter().map(|(business, number)| format!("prosaas.lead:{business}:{number}")).collect();
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(k.key) FROM (
            SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest($1::text[]) AS name ORDER BY 1
         ) AS k",
        &keys
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}

async fn matching(
    connection: &mut PgConnection,
    parties: &BTreeSet<Party>,
) -> Result<HashMap<Party, LeadId>, sqlx::Error> {
    let (businesses, numbers) = columns(parties.iter());
    let rows = sqlx::query!(
        r#"SELECT l.business_id, l.e164 AS "e164!", l.lead_id
           FROM unnest($1::uuid[], $2::text[]) AS p (business_id, e164)
           JOIN prosaas.lead_phones l ON l.business_id = p.business_id AND l.e164 = p.e164 AND l.matches_callers"#,
        &businesses,
        &numbers
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some(((BusinessId(row.business_id), E164::parse(&row.e164).ok()?), LeadId(row.lead_id)))
        })
        .collect())
}

/// A lead that a call makes.
struct New<'a> {
    id: LeadId,
    party: Party,
    name: Option<String>,
    change: &'a Change<'a>,
}

/// Makes those whom nobody knows, each for the first call of theirs.
async fn create(
    connection: &mut PgConnection,
    changes: &[Change<'_>],
    parties: &BTreeSet<Party>,
    known: &HashMap<Party, LeadId>,
    pending: &mut Pending,
    updates: &mut Vec<Update>,
) -> Result<HashMap<Party, LeadId>, sqlx::Error> {
    let mut new: BTreeMap<Party, New<'_>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.after.state.is_inbound()) {
        let Some(party) =
            missing(change).filter(|party| parties.contains(party) && !known.contains_key(party))
        else {
            continue;
        };
        let lead = new.entry(party.clone()).or_insert_with(|| New {
            id: LeadId(Uuid::now_v7()),
            party,
            name: None,
            change,
        });
        lead.name = lead.name.take().or_else(|| name_of(&change.after.state));
    }
    if new.is_empty() {
        return Ok(HashMap::new());
    }
    let new: Vec<New<'_>> = new.into_values().collect();
    insert(connection, &new).await?;
    let ids: Vec<String> = new.iter().map(|lead| lead.id.to_string()).collect();
    let records = new.iter().zip(&ids).map(|(lead, id)| {
        let after = json!({ "source": "call", "call_sid": lead.change.call, "name": lead.name });
        record(lead.change, id, "lead.create", None, after)
    });
    let records: Vec<Record<'_>> = records.collect();
    updates.extend(records.iter().filter_map(Update::of));
    audit::write_all(connection, records).await?;
    for lead in &new {
        let call_sid = Some(lead.change.call.clone());
        let created = LeadCreatedV1 { lead_id: lead.id, version: 1, source: LeadSource::Call, call_sid };
        pending.raise(&lead.change.origin.trigger, Some(lead.party.0), created)?;
    }
    Ok(new.into_iter().map(|lead| (lead.party, lead.id)).collect())
}

async fn insert(connection: &mut PgConnection, new: &[New<'_>]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = new.iter().map(|lead| lead.id.0).collect();
    let (businesses, numbers) = columns(new.iter().map(|lead| &lead.party));
    let names: Vec<Option<String>> = new.iter().map(|lead| lead.name.clone()).collect();
    let since: Vec<_> = new.iter().map(|lead| lead.change.after.state.started_at).collect();
    sqlx::query!(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         SELECT n.id, n.business_id, n.name, 'call', COALESCE(n.since, now()), now()
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS n (id, business_id, name, since)",
        &ids,
        &businesses,
        &names as &[Option<String>],
        &since as &[Option<chrono::DateTime<chrono::Utc>>]
    )
    .execute(&mut *connection)
    .await?;
    let phones: Vec<Uuid> = new.iter().map(|_| Uuid::now_v7()).collect();
    let digits: Vec<String> = numbers.iter().map(|number| phone::search_digits(number)).collect();
    sqlx::query!(
        "INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw, search_digits, reader, created_at)
         SELECT n.id, n.business_id, n.lead_id, n.e164, n.e164, n.digits, $6, now()
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
              AS n (id, business_id, lead_id, e164, digits)",
        &phones,
        &businesses,
        &ids,
        &numbers,
        &digits,
        READER
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives leads that calls made, and that have no name, the one that a call coming in knows.
async fn name(
    connection: &mut PgConnection,
    changes: &[Change<'_>],
    pending: &mut Pending,
    updates: &mut Vec<Update>,
) -> Result<(), sqlx::Error> {
    let mut named: BTreeMap<Uuid, (String, &Change<'_>)> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.comes_in() && change.after.state.is_inbound()) {
        if let (Some(lead), Some(name)) = (change.after.lead, name_of(&change.after.state)) {
            named.entry(lead.0).or_insert((name, change));
        }
    }
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = named.keys().copied().collect();
    let names: Vec<String> = named.values().map(|(name, _)| name.clone()).collect();
    let businesses: Vec<Option<Uuid>> =
        named.values().map(|(_, change)| change.after.business.map(|b| b.0)).collect();
    let rows = sqlx::query!(
        "UPDATE prosaas.leads l SET name = n.name, version = version + 1, updated_at = now()
         FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS n (id, name, business_id)
         WHERE l.business_id = n.business_id AND l.id = n.id
           AND l.name IS NULL AND l.source = 'call' AND l.deleted_at IS NULL
         RETURNING l.id, l.version",
        &ids,
        &names,
        &businesses as &[Option<Uuid>]
    )
    .fetch_all(&mut *connection)
    .await?;
    let texts: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let mut records = Vec::new();
    for (row, id) in rows.iter().zip(&texts) {
        let Some((name, change)) = named.get(&row.id) else { continue };
        records.push(record(change, id, "lead.name", Some(json!({ "name": null })), json!({ "name": name })));
        let updated =
            LeadUpdatedV1 { lead_id: LeadId(row.id), version: row.version, changed: vec![LeadField::Name] };
        pending.raise(&change.origin.trigger, change.after.business, updated)?;
    }
    updates.extend(records.iter().filter_map(Update::of));
    audit::write_all(connection, records).await
}

fn name_of(state: &CallState) -> Option<String> {
    let name = state.details.as_ref()?.parties.caller_name.as_deref()?;
    Name::clean(name).map(String::from)
}

fn record<'a>(
    change: &'a Change<'_>,
    lead: &'a str,
    action: &'a str,
    before: Option<Value>,
    after: Value,
) -> Record<'a> {
    Record {
        business: change.after.business,
        actor: &change.origin.actor,
        request: None,
        event_id: change.origin.event_id.as_deref(),
        action,
        entity_type: "lead",
        entity_id: lead,
        before,
        after: Some(after),
    }
}

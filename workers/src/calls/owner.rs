//! Whose calls they are.

use std::collections::{BTreeSet, HashMap, HashSet};

use prosaas_domain::{
    ids::{BusinessId, CallSid},
    phone::E164,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    change::Change,
    fold::CallState,
    store::{self, StoredCall},
    told,
};
use crate::domain_events::Pending;

/// Finds the business of each call that has none: the one whose configuration answered it, where that exists; else
/// the owner of our number in it. The leg of a forwarded call is that call's business's, whatever its numbers are.
/// None: it is nobody's number. `locked` are the calls whose locks are held.
pub(super) async fn find(
    connection: &mut PgConnection,
    changes: &mut [Change<'_>],
    locked: &BTreeSet<&CallSid>,
) -> Result<(), sqlx::Error> {
    find_by_what_they_say(connection, changes).await?;
    let wholes: BTreeSet<CallSid> = changes.iter().filter_map(missing_whole).collect();
    if wholes.is_empty() {
        return Ok(());
    }
    // Either this transaction sees the call's business, or the call's, which waits for
    // the lock, sees this leg. The leg's row is not written yet: no circle of waiting.
    let unlocked: BTreeSet<&CallSid> = wholes.iter().filter(|whole| !locked.contains(whole)).collect();
    if !unlocked.is_empty() {
        store::lock_all(connection, &unlocked).await?;
    }
    let names: Vec<String> = wholes.iter().map(|call| call.as_str().to_owned()).collect();
    let rows =
        sqlx::query!("SELECT call_sid, business_id FROM prosaas.calls WHERE call_sid = ANY ($1)", &names)
            .fetch_all(connection)
            .await?;
    let mut known: HashMap<String, BusinessId> =
        rows.into_iter().filter_map(|row| Some((row.call_sid, BusinessId(row.business_id?)))).collect();
    known.extend(changes.iter().filter_map(|change| Some((change.call.to_string(), change.after.business?))));
    for change in changes.iter_mut() {
        if let Some(whole) = missing_whole(change) {
            change.after.business = known.get(whole.as_str()).copied();
        }
    }
    Ok(())
}

/// The call that this one is a leg of, where only that can tell whose it is.
fn missing_whole(change: &Change<'_>) -> Option<CallSid> {
    let state = &change.after.state;
    if change.after.business.is_some() { None } else { state.forwarded_call().cloned() }
}

/// Of the calls that are no legs: by the configuration that answered them, and by their numbers.
async fn find_by_what_they_say(
    connection: &mut PgConnection,
    changes: &mut [Change<'_>],
) -> Result<(), sqlx::Error> {
    let open = |change: &Change<'_>| {
        change.after.business.is_none() && change.after.state.forwarded_call().is_none()
    };
    let answered: Vec<Uuid> =
        changes.iter().filter(|c| open(c)).flat_map(said).map(|business| business.0).collect();
    let there: HashSet<Uuid> = if answered.is_empty() {
        HashSet::new()
    } else {
        sqlx::query_scalar!("SELECT id FROM prosaas.businesses WHERE id = ANY ($1)", &answered)
            .fetch_all(&mut *connection)
            .await?
            .into_iter()
            .collect()
    };
    for change in changes.iter_mut().filter(|change| open(change)) {
        let found = said(change).find(|business| there.contains(&business.0));
        change.after.business = found;
    }
    let numbers: Vec<E164> =
        changes.iter().filter(|c| open(c)).filter_map(|c| ours(&c.after.state)).collect();
    let owners = of_numbers(connection, &numbers).await?;
    for change in changes.iter_mut().filter(|change| open(change)) {
        change.after.business =
            ours(&change.after.state).and_then(|number| owners.get(number.as_str()).copied());
    }
    Ok(())
}

/// The businesses whose configuration answered the call, by its events.
fn said<'a>(change: &'a Change<'_>) -> impl Iterator<Item = BusinessId> + 'a {
    change.steps.iter().filter_map(|step| step.meta.business)
}

/// Our number in the call.
fn ours(state: &CallState) -> Option<E164> {
    if state.is_inbound() { state.called() } else { state.caller() }
}

/// The living businesses that own these numbers now.
async fn of_numbers(
    connection: &mut PgConnection,
    numbers: &[E164],
) -> Result<HashMap<String, BusinessId>, sqlx::Error> {
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let numbers: Vec<String> = numbers.iter().map(|number| number.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        "SELECT n.e164, n.business_id
         FROM prosaas.business_numbers n JOIN prosaas.businesses b ON b.id = n.business_id
         WHERE n.e164 = ANY ($1) AND n.released_at IS NULL AND b.deleted_at IS NULL",
        &numbers
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.e164, BusinessId(row.business_id))).collect())
}

/// Where a call's business has become known: its history, its recordings and the legs that it was forwarded to, which
/// may have come first, are that business's too. Hold the calls' locks.
pub(super) async fn spread(
    connection: &mut PgConnection,
    changes: &[Change<'_>],
    pending: &mut Pending,
) -> Result<(), sqlx::Error> {
    let found: Vec<&Change<'_>> = changes.iter().filter(|change| change.finds_business()).collect();
    if found.is_empty() {
        return Ok(());
    }
    let calls: Vec<String> = found.iter().map(|change| change.call.to_string()).collect();
    let businesses: Vec<Uuid> = found.iter().filter_map(|change| Some(change.after.business?.0)).collect();
    sqlx::query!(
        "UPDATE prosaas.call_events e SET business_id = n.business_id
         FROM unnest($1::text[], $2::uuid[]) AS n (call_sid, business_id)
         WHERE e.call_sid = n.call_sid AND e.business_id IS NULL",
        &calls,
        &businesses
    )
    .execute(&mut *connection)
    .await?;
    let legs = sqlx::query!(
        "WITH found AS (
            SELECT call_sid, business_id FROM unnest($1::text[], $2::uuid[]) AS n (call_sid, business_id)
         ), legs AS (
            UPDATE prosaas.calls c SET business_id = f.business_id, version = version + 1, updated_at = now()
            FROM found f WHERE c.parent_call_sid = f.call_sid AND c.forwarded_leg AND c.business_id IS NULL
            RETURNING c.call_sid, c.parent_call_sid, c.business_id
         ), history AS (
            UPDATE prosaas.call_events e SET business_id = l.business_id
            FROM legs l WHERE e.business_id IS NULL AND e.call_sid = l.call_sid
         )
         SELECT call_sid, parent_call_sid FROM legs",
        &calls,
        &businesses
    )
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE prosaas.recordings r SET business_id = n.business_id, updated_at = now()
         FROM unnest($1::text[], $2::uuid[]) AS n (call_sid, business_id)
         WHERE r.call_sid = n.call_sid AND r.business_id IS NULL",
        &calls,
        &businesses
    )
    .execute(&mut *connection)
    .await?;
    for leg in legs {
        let whole = found.iter().find(|change| Some(change.call.as_str()) == leg.parent_call_sid.as_deref());
        if let (Some(whole), Ok(call)) = (whole, leg.call_sid.parse()) {
            tell_leg(connection, pending, whole, call).await?;
        }
    }
    Ok(())
}

async fn tell_leg(
    connection: &mut PgConnection,
    pending: &mut Pending,
    whole: &Change<'_>,
    call: CallSid,
) -> Result<(), sqlx::Error> {
    let Some(after) = store::load(connection, &call).await? else { return Ok(()) };
    let before = Some(StoredCall { business: None, ..after.clone() });
    let origin = whole.origin.clone();
    told::tell(pending, &Change { call, before, after, steps: Vec::new(), origin })
}

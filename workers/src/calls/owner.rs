//! Whose call it is.

use prosaas_domain::{
    ids::{BusinessId, CallSid},
    phone::E164,
};
use sqlx::PgConnection;

use super::{
    fold::CallState,
    store::{self, StoredCall},
    told,
};
use crate::domain_events::Trigger;

/// The business of a call: the one whose configuration answered it, where that
/// exists; else the owner of our number in it. The leg of a forwarded call is that
/// call's business's, whatever its numbers are. None: it is nobody's number.
pub async fn of_call(
    connection: &mut PgConnection,
    said: Option<BusinessId>,
    state: &CallState,
) -> Result<Option<BusinessId>, sqlx::Error> {
    if let Some(whole) = state.forwarded_call() {
        // Either this transaction sees the call's business, or the call's, which waits for
        // the lock, sees this leg. The leg's row is not written yet: no circle of waiting.
        store::lock(connection, whole).await?;
        let row =
            sqlx::query_scalar!("SELECT business_id FROM prosaas.calls WHERE call_sid = $1", whole.as_str())
                .fetch_optional(connection)
                .await?;
        return Ok(row.flatten().map(BusinessId));
    }
    if let Some(business) = said {
        let exists = sqlx::query_scalar!("SELECT id FROM prosaas.businesses WHERE id = $1", business.0)
            .fetch_optional(&mut *connection)
            .await?;
        if exists.is_some() {
            return Ok(said);
        }
    }
    let ours = if state.is_inbound() { state.called() } else { state.caller() };
    match ours {
        Some(number) => of_number(connection, &number).await,
        None => Ok(None),
    }
}

/// The living business that owns a number now.
pub async fn of_number(
    connection: &mut PgConnection,
    number: &E164,
) -> Result<Option<BusinessId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "SELECT n.business_id
         FROM prosaas.business_numbers n JOIN prosaas.businesses b ON b.id = n.business_id
         WHERE n.e164 = $1 AND n.released_at IS NULL AND b.deleted_at IS NULL",
        number.as_str()
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(BusinessId))
}

/// Whether a number is the business's own: one that it owns, or one that it
/// forwards calls to. Neither is a lead.
pub async fn is_own_number(
    connection: &mut PgConnection,
    business: BusinessId,
    number: &E164,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT 1 FROM prosaas.business_numbers
               WHERE business_id = $1 AND e164 = $2 AND released_at IS NULL
           ) OR EXISTS (
               SELECT 1 FROM prosaas.businesses
               WHERE id = $1 AND call_settings -> 'forward_to' ? $2
           ) AS "own!""#,
        business.0,
        number.as_str()
    )
    .fetch_one(connection)
    .await
}

/// The call's business has become known: its history, its recordings and the legs
/// that it was forwarded to, which may have come first, are that business's too.
/// Hold the call's lock.
pub async fn spread_to_parts(
    connection: &mut PgConnection,
    trigger: &Trigger,
    call: &CallSid,
    business: BusinessId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.call_events SET business_id = $2 WHERE call_sid = $1 AND business_id IS NULL",
        call.as_str(),
        business.0
    )
    .execute(&mut *connection)
    .await?;
    let legs = sqlx::query_scalar!(
        "WITH legs AS (
            UPDATE prosaas.calls SET business_id = $2, version = version + 1, updated_at = now()
            WHERE parent_call_sid = $1 AND forwarded_leg AND business_id IS NULL
            RETURNING call_sid
         ), history AS (
            UPDATE prosaas.call_events SET business_id = $2
            WHERE business_id IS NULL AND call_sid IN (SELECT call_sid FROM legs)
         )
         SELECT call_sid FROM legs",
        call.as_str(),
        business.0
    )
    .fetch_all(&mut *connection)
    .await?;
    for leg in legs.iter().filter_map(|leg| leg.parse().ok()) {
        if let Some(after) = store::load(connection, &leg).await? {
            let before = StoredCall { business: None, ..after.clone() };
            told::tell(connection, trigger, &leg, Some(&before), &after).await?;
        }
    }
    sqlx::query!(
        "UPDATE prosaas.recordings SET business_id = $2, updated_at = now()
         WHERE call_sid = $1 AND business_id IS NULL",
        call.as_str(),
        business.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

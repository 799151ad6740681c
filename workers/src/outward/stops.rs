//! The switch: while a stop stands no attempt begins. One that has begun ends, and Twilio is still asked.

use prosaas_domain::ids::BusinessId;
use sqlx::PgConnection;

/// Stops a business, or all; `false` where it was stopped already.
///
/// # Errors
/// When there is no such business, or the database fails.
pub async fn stop(
    connection: &mut PgConnection,
    business: Option<BusinessId>,
    reason: &str,
    by: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO prosaas.outward_stops (id, business_id, reason, stopped_by)
         VALUES (gen_random_uuid(), $1, $2, $3)
         ON CONFLICT ON CONSTRAINT outward_stops_business_uq DO NOTHING",
        business.map(|business| business.0),
        reason,
        by
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends that stop, and no other; `false` where there was none.
///
/// # Errors
/// When the database fails.
pub async fn resume(
    connection: &mut PgConnection,
    business: Option<BusinessId>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM prosaas.outward_stops WHERE business_id IS NOT DISTINCT FROM $1",
        business.map(|business| business.0)
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

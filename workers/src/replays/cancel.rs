//! A replay is cancelled: what is not published stays so.

use prosaas_domain::ids::ReplayId;
use sqlx::PgConnection;

use crate::crm::refusal::{Refusal, Stop};

/// Cancels it; returns how many events were not published.
pub async fn cancel(connection: &mut PgConnection, id: ReplayId) -> Result<i64, Stop> {
    let state = sqlx::query_scalar!("SELECT state FROM prosaas.replay_jobs WHERE id = $1 FOR UPDATE", id.0)
        .fetch_optional(&mut *connection)
        .await?;
    match state.as_deref() {
        None => return Err(Refusal::not_found("replay").into()),
        Some("running") => {}
        Some(_) => return Err(Refusal::conflict("/problems/replay-ended", "This replay is over.").into()),
    }
    let items = sqlx::query!(
        "UPDATE prosaas.replay_items SET result = 'cancelled', settled_at = now()
         WHERE job_id = $1 AND result = 'pending'",
        id.0
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    sqlx::query!("UPDATE prosaas.replay_jobs SET state = 'cancelled' WHERE id = $1", id.0)
        .execute(connection)
        .await?;
    Ok(i64::try_from(items).unwrap_or(i64::MAX))
}

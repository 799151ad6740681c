//! Exactly once in effect.

use std::collections::HashSet;

use sqlx::PgConnection;

use super::Done;

/// Whether an event is new to a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is: the mark commits with everything else in the transaction.
    New,
    /// It was applied before: change nothing.
    Known,
}

/// Marks the events as processed by the consumer, as [`mark_processed`] does one, in one order for everybody. Says of
/// each whether it is applied now; of one that is here twice, that is the first.
pub async fn mark_all_processed(
    connection: &mut PgConnection,
    consumer: &str,
    event_ids: &[String],
) -> Result<Vec<Done>, sqlx::Error> {
    let new = sqlx::query_scalar!(
        "INSERT INTO prosaas.processed_events (consumer, event_id) SELECT $1, id FROM unnest($2::text[]) AS id ORDER BY id
         ON CONFLICT ON CONSTRAINT processed_events_pk DO NOTHING RETURNING event_id",
        consumer,
        event_ids
    )
    .fetch_all(connection)
    .await?;
    let mut new: HashSet<String> = new.into_iter().collect();
    let done = |id: &String| if new.remove(id) { Done::Applied } else { Done::AlreadyApplied };
    Ok(event_ids.iter().map(done).collect())
}

/// Marks the event as processed by the consumer, in the transaction that applies
/// it. A twin in flight waits here until this transaction has ended.
pub async fn mark_processed(
    connection: &mut PgConnection,
    consumer: &str,
    event_id: &str,
) -> Result<Mark, sqlx::Error> {
    let rows = sqlx::query!(
        "INSERT INTO prosaas.processed_events (consumer, event_id) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT processed_events_pk DO NOTHING",
        consumer,
        event_id
    )
    .execute(connection)
    .await?
    .rows_affected();
    Ok(if rows == 1 { Mark::New } else { Mark::Known })
}

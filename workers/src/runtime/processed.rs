//! Exactly once in effect.

use sqlx::PgConnection;

/// Whether an event is new to a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is: the mark commits with everything else in the transaction.
    New,
    /// It was applied before: change nothing.
    Known,
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

//! The relay: moves the outbox into the stream `EVENTS`.
//!
//! What is being moved is locked and deleted in one transaction, after the server's acknowledgement: a relay that is
//! killed anywhere leaves the rows, and the next one sends them again under their ids. Several may run; each takes
//! rows that no other holds.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, connection::State};
use metrics::{counter, gauge};
use prosaas_events::subjects::Stream;
use prosaas_platform::bus::publisher::{
    BATCH_MIN, Message, PIPELINE, Reason, Verdict, publish_batch, publish_singly,
};
use sqlx::{PgConnection, PgPool};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

/// Most events of one transaction.
const BATCH: i64 = 500;

/// The longest time between two looks at the outbox: what another process committed wakes nobody here.
const TICK: Duration = Duration::from_millis(500);

/// How long the server may take to acknowledge.
const ACK_WAIT: Duration = Duration::from_secs(5);

/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// How often what waits is counted.
const MEASURE: Duration = Duration::from_secs(15);

/// Moves domain events.
#[derive(Clone)]
pub struct Relay {
    /// Where the outbox is.
    pub pool: PgPool,
    /// The connection to the stream.
    pub client: Client,
    /// Rung after each commit of this process.
    pub committed: Arc<Notify>,
}

/// Events of the outbox, and their positions there in the same order.
struct Claimed {
    positions: Vec<i64>,
    messages: Vec<Message>,
}

/// What became of a look at the outbox.
#[derive(Debug, PartialEq, Eq)]
enum Pass {
    /// All that was found is in the stream, and as many were found as one look takes.
    More,
    /// All that was found is in the stream.
    Empty,
    /// Something has to be sent again.
    Again(String),
}

impl Relay {
    /// Moves what is there and what comes, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        counter!("prosaas_domain_events_total").increment(0);
        let mut troubled = false;
        let mut measured: Option<Instant> = None;
        while !stop.is_cancelled() {
            if measured.is_none_or(|at| at.elapsed() >= MEASURE) {
                self.measure().await;
                measured = Some(Instant::now());
            }
            let trouble = match self.pass().await {
                Ok(Pass::More) => continue,
                Ok(Pass::Empty) => None,
                Ok(Pass::Again(cause)) => Some(cause),
                Err(error) => Some(error.to_string()),
            };
            if troubled != trouble.is_some() {
                troubled = trouble.is_some();
                if let Some(cause) = &trouble {
                    tracing::warn!(event = "relay.waits", cause, "domain events wait in Postgres");
                } else {
                    tracing::info!(event = "relay.flows", "domain events travel again");
                }
            }
            let wait = async {
                if troubled {
                    tokio::time::sleep(PAUSE).await;
                } else {
                    let _ = tokio::time::timeout(TICK, self.committed.notified()).await;
                }
            };
            let _ = stop.run_until_cancelled(wait).await;
        }
    }

    /// Moves what is there, as much as one transaction takes.
    async fn pass(&self) -> Result<Pass, sqlx::Error> {
        if self.client.connection_state() != State::Connected {
            // Nothing is handed to a client that would only queue it.
            return Ok(Pass::Again("NATS is not connected".to_owned()));
        }
        let mut transaction = self.pool.begin().await?;
        let claimed = claim(&mut transaction).await?;
        if claimed.messages.is_empty() {
            return Ok(Pass::Empty);
        }
        let full = i64::try_from(claimed.messages.len()).is_ok_and(|found| found == BATCH);
        let again = self.publish(&mut transaction, &claimed).await?;
        transaction.commit().await?;
        Ok(match again {
            Some(cause) => Pass::Again(cause),
            None if full => Pass::More,
            None => Pass::Empty,
        })
    }

    /// Publishes the rows and deletes those that are in the stream; says why others have to be sent again.
    async fn publish(
        &self,
        connection: &mut PgConnection,
        Claimed { positions, messages }: &Claimed,
    ) -> Result<Option<String>, sqlx::Error> {
        if messages.len() >= BATCH_MIN {
            match publish_batch(&self.client, Stream::Events, messages, ACK_WAIT).await {
                Verdict::Stored => {
                    delete(connection, positions).await?;
                    return Ok(None);
                }
                // The server calls a batch incomplete of which it refused a member: alone each is judged.
                Verdict::Retry(Reason::Incomplete)
                | Verdict::Singly(_)
                | Verdict::Refused(_)
                | Verdict::Unknown(_) => {}
                Verdict::Retry(reason) => return Ok(Some(reason.as_str().to_owned())),
                Verdict::Blocked(cause) => return Ok(Some(cause)),
            }
        }
        for (positions, messages) in positions.chunks(PIPELINE).zip(messages.chunks(PIPELINE)) {
            let verdicts = publish_singly(&self.client, Stream::Events, messages, ACK_WAIT).await;
            let again = settle(connection, positions, messages, &verdicts).await?;
            if again.is_some() {
                return Ok(again);
            }
        }
        Ok(None)
    }

    async fn measure(&self) {
        let counted = sqlx::query!(
            r#"SELECT count(*) FILTER (WHERE refused IS NULL) AS "waiting!",
                      count(*) FILTER (WHERE refused IS NOT NULL) AS "refused!",
                      COALESCE(extract(epoch FROM now() - min(created_at) FILTER (WHERE refused IS NULL)), 0)::float8
                          AS "age_s!"
               FROM prosaas.event_outbox"#
        )
        .fetch_one(&self.pool)
        .await;
        let Ok(row) = counted else { return };
        gauge!("prosaas_event_outbox_rows", "state" => "waiting").set(whole(row.waiting));
        gauge!("prosaas_event_outbox_rows", "state" => "refused").set(whole(row.refused));
        gauge!("prosaas_event_outbox_oldest_seconds").set(row.age_s);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and nobody counts beyond its precision")]
const fn whole(count: i64) -> f64 {
    count as f64
}

/// The oldest rows that nobody else moves, held until the transaction ends.
async fn claim(connection: &mut PgConnection) -> Result<Claimed, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT position, event_id, subject, payload, traceparent FROM prosaas.event_outbox
         WHERE refused IS NULL ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED",
        BATCH
    )
    .fetch_all(connection)
    .await?;
    let message = |id, subject, payload: String, traceparent| Message {
        id,
        subject,
        payload: payload.into(),
        traceparent,
    };
    Ok(Claimed {
        positions: rows.iter().map(|row| row.position).collect(),
        messages: rows
            .into_iter()
            .map(|row| message(row.event_id, row.subject, row.payload, row.traceparent))
            .collect(),
    })
}

/// Deletes what is in the stream and sets aside what will never be; says why others have to be sent again.
async fn settle(
    connection: &mut PgConnection,
    positions: &[i64],
    messages: &[Message],
    verdicts: &[Verdict],
) -> Result<Option<String>, sqlx::Error> {
    let stored: Vec<i64> = positions
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| **verdict == Verdict::Stored)
        .map(|(position, _)| *position)
        .collect();
    delete(connection, &stored).await?;
    let mut again = None;
    for ((position, message), verdict) in positions.iter().zip(messages).zip(verdicts) {
        match verdict {
            Verdict::Stored => {}
            Verdict::Refused(cause) => set_aside(connection, *position, &message.id, cause).await?,
            Verdict::Unknown(cause) | Verdict::Blocked(cause) => again = Some(cause.clone()),
            Verdict::Retry(reason) | Verdict::Singly(reason) => again = Some(reason.as_str().to_owned()),
        }
    }
    Ok(again)
}

async fn delete(connection: &mut PgConnection, positions: &[i64]) -> Result<(), sqlx::Error> {
    if positions.is_empty() {
        return Ok(());
    }
    sqlx::query!("DELETE FROM prosaas.event_outbox WHERE position = ANY ($1)", positions)
        .execute(connection)
        .await?;
    counter!("prosaas_domain_events_total").increment(u64::try_from(positions.len()).unwrap_or(0));
    Ok(())
}

/// It stays for people to look at, and holds nobody up.
async fn set_aside(
    connection: &mut PgConnection,
    position: i64,
    id: &str,
    cause: &str,
) -> Result<(), sqlx::Error> {
    tracing::error!(
        event = "relay.refused",
        event_id = id,
        cause,
        "the stream will never take a domain event"
    );
    sqlx::query!("UPDATE prosaas.event_outbox SET refused = $2 WHERE position = $1", position, cause)
        .execute(connection)
        .await?;
    Ok(())
}

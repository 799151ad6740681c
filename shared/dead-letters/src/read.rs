//! One dead letter with everything that is known of it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use prosaas_events::{dead_letter::AttemptV1, mask};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::{DeadLetterItem, ITEM};

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeadLetter {
    /// As lists show it.
    #[serde(flatten)]
    pub item: DeadLetterItem,
    /// The CloudEvents id.
    #[schema(required = true)]
    pub event_id: Option<String>,
    /// The event's own subject.
    pub subject: String,
    /// The stream that kept it.
    #[schema(required = true)]
    pub stream: Option<String>,
    /// Its sequence there.
    #[schema(required = true)]
    pub stream_sequence: Option<i64>,
    /// Which process gave it up last.
    #[schema(required = true)]
    pub process: Option<String>,
    /// The outermost error first, each cause after it.
    pub error_chain: Vec<String>,
    /// The message's headers.
    pub headers: Vec<Header>,
    /// The event; null where its bytes are gone.
    #[schema(required = true)]
    pub payload: Option<Payload>,
    /// Every attempt that is known.
    pub attempt_log: Vec<Attempt>,
    /// Whether personal data is hidden.
    pub masked: bool,
    /// How it ended; null while it is open.
    #[schema(required = true)]
    pub settled: Option<Settled>,
    /// The replays that it was in, the latest first.
    pub replay_ids: Vec<Uuid>,
}

/// One header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The bytes of an event.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Payload {
    /// How many it had.
    pub bytes: i64,
    /// Whether all of them are kept.
    pub complete: bool,
    /// What they say; null where they are no JSON.
    #[schema(required = true, value_type = Option<Object>)]
    pub json: Option<Value>,
    /// The bytes themselves, only when personal data is shown.
    #[schema(required = true)]
    pub base64: Option<String>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// 0 for the first life, else which replay.
    pub replay: i32,
    /// Its number in that life, from 1.
    pub attempt: i64,
    /// When; null where the process did not live to tell.
    #[schema(required = true)]
    pub at: Option<DateTime<Utc>>,
    /// Which process.
    #[schema(required = true)]
    pub process: Option<String>,
    /// Why it failed.
    pub error: String,
}

/// How a dead letter ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Settled {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    item: DeadLetterItem,
    event_id: Option<String>,
    subject: String,
    stream: Option<String>,
    stream_sequence: Option<i64>,
    process: Option<String>,
    error_chain: Vec<String>,
    headers: sqlx::types::Json<Vec<(String, String)>>,
    payload: Option<Vec<u8>>,
    payload_bytes: i64,
    settled_at: Option<DateTime<Utc>>,
    settled_by: Option<String>,
    settled_reason: Option<String>,
}

#[derive(FromRow)]
struct Report {
    replay: i32,
    attempts: i64,
    error_chain: Vec<String>,
    process: Option<String>,
    died_at: DateTime<Utc>,
    attempt_log: sqlx::types::Json<Vec<AttemptV1>>,
}

/// Reads one; personal data is hidden unless `reveal`.
pub async fn letter(pool: &PgPool, id: Uuid, reveal: bool) -> Result<Option<DeadLetter>, sqlx::Error> {
    let extended = format!(
        "SELECT d.event_id, d.subject, d.stream, d.stream_sequence, d.process, d.error_chain, d.headers,
                d.payload, d.payload_bytes, d.settled_at, d.settled_by, d.settled_reason, {ITEM} WHERE d.id = "
    );
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new(extended);
    query.push_bind(id);
    let Some(row) = query.build_query_as::<Row>().fetch_optional(pool).await? else { return Ok(None) };
    let reports: Vec<Report> = sqlx::query_as(
        "SELECT replay, attempts, error_chain, process, died_at, attempt_log
         FROM prosaas.dead_letter_reports WHERE dead_letter_id = $1 ORDER BY replay, died_at",
    )
    .bind(id)
    .fetch_all(pool)
    .await?;
    let replay_ids = sqlx::query_scalar(
        "SELECT j.id FROM prosaas.replay_jobs j
         WHERE EXISTS (SELECT FROM prosaas.replay_items i WHERE i.dead_letter_id = $1 AND i.job_id = j.id)
         ORDER BY j.created_at DESC",
    )
    .bind(id)
    .fetch_all(pool)
    .await?;
    Ok(Some(shown(row, reports, replay_ids, reveal)))
}

fn shown(row: Row, reports: Vec<Report>, replay_ids: Vec<Uuid>, reveal: bool) -> DeadLetter {
    let sentence = |text: String| if reveal { text } else { mask::sentence(&text) };
    let settled = row.settled_at.map(|at| Settled {
        at,
        by: row.settled_by.unwrap_or_default(),
        reason: row.settled_reason.unwrap_or_default(),
    });
    let headers = row.headers.0.into_iter().map(|(name, value)| Header { name, value: sentence(value) });
    DeadLetter {
        item: if reveal { row.item } else { row.item.masked() },
        event_id: row.event_id.map(sentence),
        subject: sentence(row.subject),
        stream: row.stream,
        stream_sequence: row.stream_sequence,
        process: row.process,
        error_chain: row.error_chain.into_iter().map(sentence).collect(),
        headers: headers.collect(),
        payload: row.payload.map(|bytes| payload(&bytes, row.payload_bytes, reveal)),
        attempt_log: reports
            .into_iter()
            .flat_map(attempts)
            .map(|a| Attempt { error: sentence(a.error), ..a })
            .collect(),
        masked: !reveal,
        settled,
        replay_ids,
    }
}

fn payload(bytes: &[u8], whole: i64, reveal: bool) -> Payload {
    let json: Option<Value> = serde_json::from_slice(bytes).ok();
    Payload {
        bytes: whole,
        complete: i64::try_from(bytes.len()).is_ok_and(|kept| kept == whole),
        json: json.map(|json| if reveal { json } else { mask::event(&json) }),
        base64: reveal.then(|| STANDARD.encode(bytes)),
    }
}

/// The attempts of one life: those that were told, and the last one.
fn attempts(report: Report) -> Vec<Attempt> {
    let replay = report.replay;
    let mut known: Vec<Attempt> = report
        .attempt_log
        .0
        .into_iter()
        .map(|told| Attempt {
            replay,
            attempt: i64::try_from(told.attempt).unwrap_or(i64::MAX),
            at: Some(told.at),
            process: Some(told.worker),
            error: told.error,
        })
        .collect();
    known.sort_by_key(|attempt| attempt.attempt);
    if known.last().is_none_or(|last| last.attempt < report.attempts) {
        known.push(Attempt {
            replay,
            attempt: report.attempts,
            at: Some(report.died_at),
            process: report.process,
            error: report.error_chain.last().cloned().unwrap_or_default(),
        });
    }
    known
}

//! What is claimed goes out, each event on the subject that only its consumer reads.

use async_nats::{
    HeaderMap,
    header::{HeaderName, HeaderValue, NATS_MESSAGE_ID},
    jetstream,
};
use prosaas_dead_letters::identity;
use prosaas_events::subjects;
use sqlx::PgPool;
use uuid::Uuid;

use super::job::Job;
use crate::{dead_letters::report::pairs, runtime::Cause};

/// Events published before their acknowledgements are awaited.
const PIPELINE: i64 = 250;

/// An event to be published.
struct Outgoing {
    subject: String,
    headers: HeaderMap,
    payload: Vec<u8>,
}

/// A claimed item with what is known of its event.
struct Claimed {
    position: i64,
    consumer: String,
    attempt: Option<i32>,
    stream: Option<String>,
    stream_sequence: Option<i64>,
    letter: Option<Uuid>,
    subject: Option<String>,
    headers: Option<sqlx::types::Json<Vec<(String, String)>>>,
    payload: Option<Vec<u8>>,
    again: Option<i64>,
}

/// Publishes everything that is claimed; returns how many.
pub(super) async fn publish_claimed(
    pool: &PgPool,
    context: &jetstream::Context,
    job: Job,
) -> Result<u64, Cause> {
    let mut published = 0;
    loop {
        let claimed = load(pool, job.id).await?;
        let Some(last) = claimed.last().map(|item| item.position) else { return Ok(published) };
        let mut outgoing = Vec::with_capacity(claimed.len());
        for item in claimed {
            let position = item.position;
            match event(context, job, item).await? {
                Some(event) => outgoing.push(event),
                None => skip(pool, job.id, position).await?,
            }
        }
        published += send(context, outgoing).await?;
        note(pool, job.id, last).await?;
    }
}

async fn load(pool: &PgPool, job: Uuid) -> Result<Vec<Claimed>, sqlx::Error> {
    sqlx::query_as!(
        Claimed,
        r#"SELECT i.position, i.consumer, i.attempt, i.stream, i.stream_sequence,
                  CASE WHEN i.from_state IS NOT NULL THEN i.dead_letter_id END AS letter,
                  d.subject AS "subject?",
                  d.headers AS "headers?: sqlx::types::Json<Vec<(String, String)>>", d.payload, d.again
           FROM prosaas.replay_items i
           LEFT JOIN prosaas.dead_letters d ON d.id = i.dead_letter_id AND i.from_state IS NOT NULL
           WHERE i.job_id = $1 AND i.result = 'claimed'
             AND i.position > (SELECT published FROM prosaas.replay_jobs WHERE id = $1)
           ORDER BY i.position LIMIT $2"#,
        job,
        PIPELINE
    )
    .fetch_all(pool)
    .await
}

/// The event as it goes out; none where its bytes are gone.
async fn event(context: &jetstream::Context, job: Job, item: Claimed) -> Result<Option<Outgoing>, Cause> {
    let place = format!("{}:{}", job.id, item.position);
    if let Some(letter) = item.letter {
        return Ok(of_letter(letter, &place, item));
    }
    let (Some(stream), Some(sequence)) = (item.stream, item.stream_sequence) else { return Ok(None) };
    let Some(message) = stored(context, &stream, sequence).await? else { return Ok(None) };
    let mut headers = kept(&pairs(&message.headers));
    headers.insert(NATS_MESSAGE_ID, format!("replay:{place}"));
    headers.insert(identity::REPLAY_ITEM, place);
    if job.again {
        headers.insert(identity::REPLAY_AGAIN, job.number.to_string());
    }
    let subject = subjects::replay(&item.consumer, subjects::original(&message.subject));
    Ok(Some(Outgoing { subject, headers, payload: message.payload.to_vec() }))
}

fn of_letter(letter: Uuid, place: &str, item: Claimed) -> Option<Outgoing> {
    let count = item.attempt.unwrap_or(1);
    let mut headers = kept(&item.headers.map(|json| json.0).unwrap_or_default());
    headers.insert(NATS_MESSAGE_ID, format!("replay:{letter}:{count}"));
    headers.insert(identity::REPLAY_ITEM, place);
    headers.insert(identity::REPLAY_OF, letter.to_string());
    headers.insert(identity::REPLAY_COUNT, count.to_string());
    if let Some(again) = item.again {
        headers.insert(identity::REPLAY_AGAIN, again.to_string());
    }
    let subject = subjects::replay(&item.consumer, &item.subject?);
    Some(Outgoing { subject, headers, payload: item.payload? })
}

/// The headers of the original, without what the server would act on once more, what an
/// earlier replay said of itself, and what no header can hold.
fn kept(headers: &[(String, String)]) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
            continue;
        };
        if lower == "nats-msg-id" && !value.as_str().starts_with("replay:") {
            kept.insert(identity::ORIGINAL_ID, value.clone());
        }
        let ours = lower.starts_with("prosaas-replay-");
        if !lower.starts_with("nats-") && !ours {
            kept.append(name, value);
        }
    }
    kept
}

async fn stored(
    context: &jetstream::Context,
    stream: &str,
    sequence: i64,
) -> Result<Option<jetstream::message::StreamMessage>, Cause> {
    use jetstream::stream::LastRawMessageErrorKind::NoMessageFound;
    let stream = context.get_stream_no_info(stream).await?;
    match stream.get_raw_message(u64::try_from(sequence)?).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if matches!(error.kind(), NoMessageFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Sends all, then waits for each acknowledgement; returns how many there were.
async fn send(context: &jetstream::Context, outgoing: Vec<Outgoing>) -> Result<u64, Cause> {
    let mut acks = Vec::with_capacity(outgoing.len());
    for event in outgoing {
        acks.push(context.publish_with_headers(event.subject, event.headers, event.payload.into()).await?);
    }
    let sent = acks.len() as u64;
    for ack in acks {
        ack.await?;
    }
    Ok(sent)
}

/// Notes how far the stream has what was claimed. Claims are made in order of position, so one mark says it of all.
async fn note(pool: &PgPool, job: Uuid, last: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.replay_jobs SET published = greatest(published, $2) WHERE id = $1",
        job,
        last
    )
    .execute(pool)
    .await?;
    Ok(())
}

async fn skip(pool: &PgPool, job: Uuid, position: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.replay_items
         SET result = 'skipped', error = 'its bytes are gone', settled_at = now()
         WHERE job_id = $1 AND position = $2 AND result = 'claimed'",
        job,
        position
    )
    .execute(pool)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_keeps_the_headers_that_are_the_events_own() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = kept(&[
            pair("Nats-Msg-Id", "e1"),
            pair("Nats-Batch-Id", "b"),
            pair("X-Note", "one"),
            pair("X-Note", "two"),
            pair("Prosaas-Replay-Of", "old"),
            pair("X-Two", "lines\r\nof text"),
            pair("a name: no", "more"),
        ]);
        let notes: Vec<_> = headers.get_all("X-Note").map(HeaderValue::as_str).collect();
        assert_eq!(notes, ["one", "two"]);
        assert_eq!(headers.get(identity::ORIGINAL_ID).map(HeaderValue::as_str), Some("e1"));
        assert_eq!(headers.iter().count(), 2);
    }
}

//! Filing: one row an event, whoever reports it and however often.

use prosaas_dead_letters::identity;
use prosaas_events::{
    EventData as _, domain_event::dead_letter::DeadLetterFiledV1, selection::State, subjects::LiveKind,
};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::report::{Envelope, Replay, Report, Source};
use crate::{
    domain_events::{Trigger, raise},
    live::{Live, Update},
    runtime::{Cause, Done, Failure},
    text::{storable, storable_json},
};

/// Who settles a dead letter whose event was applied by another way.
const SYSTEM: &str = "system";

/// The row as it stands.
struct Filed {
    state: State,
    replays: i32,
}

/// Files a failure; of one that is filed already, only what is new.
pub async fn file(pool: &PgPool, live: &Live, report: &Report) -> Result<Done, Failure> {
    let (envelope, replay) = (report.envelope(), report.replay());
    let mut transaction = pool.begin().await?;
    let id = identify(&mut transaction, report, &envelope, &replay).await?;
    // The verdict and the advisory may come at once.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", id.to_string())
        .execute(&mut *transaction)
        .await?;
    let done = put(&mut transaction, id, report, &envelope, &replay).await?;
    transaction.commit().await?;
    if done == Done::Applied {
        tracing::info!(
            event = "dead_letter.filed",
            dead_letter = %id,
            consumer = report.consumer,
            source = report.source.as_str(),
            reason = report.reason,
            trace_id = report.trace_id,
        );
        live.publish(Update::fact(envelope.business, LiveKind::DeadLetter, id, "dead_letter.file")).await;
    }
    Ok(done)
}

async fn identify(
    connection: &mut PgConnection,
    report: &Report,
    envelope: &Envelope,
    replay: &Replay,
) -> Result<Uuid, sqlx::Error> {
    // A replay says whose it is, also where the bytes cannot be read.
    if let Some(of) = replay.of {
        let there = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM prosaas.dead_letters WHERE id = $1) AS "there!""#,
            of
        )
        .fetch_one(connection)
        .await?;
        if there {
            return Ok(of);
        }
    }
    let key = envelope.id.as_deref().map(|id| identity::processed_key(id, replay.again));
    Ok(identity::dead_letter_id(&report.consumer, key.as_deref().unwrap_or(&report.key)))
}

async fn put(
    connection: &mut PgConnection,
    id: Uuid,
    report: &Report,
    envelope: &Envelope,
    replay: &Replay,
) -> Result<Done, Failure> {
    let filed = sqlx::query!("SELECT state, replays FROM prosaas.dead_letters WHERE id = $1 FOR UPDATE", id)
        .try_map(|row| {
            let state = row.state.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            Ok(Filed { state, replays: row.replays })
        })
        .fetch_optional(&mut *connection)
        .await?;
    if is_applied(connection, report, envelope, replay).await? {
        // Its last run committed and was not heard, or the same event came twice.
        if filed.is_some_and(|filed| matches!(filed.state, State::New | State::Replaying)) {
            settle_applied(connection, id).await?;
            return Ok(Done::Applied);
        }
        return Ok(Done::AlreadyApplied);
    }
    let known =
        sqlx::query_scalar!("SELECT source FROM prosaas.dead_letter_reports WHERE key = $1", report.key)
            .fetch_optional(&mut *connection)
            .await?;
    match (known.as_deref(), report.source) {
        (None, _) => {
            match filed {
                None => insert(connection, id, report, envelope, replay).await?,
                Some(filed) => die_again(connection, id, report, replay, &filed).await?,
            }
            note(connection, id, report, replay).await?;
            fail_item(connection, id, report, replay).await?;
            tell(connection, id, report, envelope, replay).await?;
            Ok(Done::Applied)
        }
        // The worker's own words, after the server's.
        (Some("advisory"), Source::Verdict) => {
            note(connection, id, report, replay).await?;
            explain(connection, id, report).await?;
            Ok(Done::Applied)
        }
        (Some(_), _) => Ok(Done::AlreadyApplied),
    }
}

/// Tells that it was filed. Of one that could not act on such an event nothing is told: that would go round.
async fn tell(
    connection: &mut PgConnection,
    id: Uuid,
    report: &Report,
    envelope: &Envelope,
    replay: &Replay,
) -> Result<(), sqlx::Error> {
    if envelope.event_type.as_deref() == Some(DeadLetterFiledV1::TYPE) {
        return Ok(());
    }
    let filed = DeadLetterFiledV1 {
        dead_letter_id: id,
        consumer: report.consumer.clone(),
        event_type: envelope.event_type.clone(),
        reason: report.reason.to_string(),
        replays: replay.count,
    };
    let trigger = Trigger::other(format!("{}:{}", report.key, replay.count), report.died_at);
    raise(connection, &trigger, envelope.business, filed).await
}

/// Whether the event's effect is there.
async fn is_applied(
    connection: &mut PgConnection,
    report: &Report,
    envelope: &Envelope,
    replay: &Replay,
) -> Result<bool, sqlx::Error> {
    let Some(event) = &envelope.id else { return Ok(false) };
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.processed_events WHERE consumer = $1 AND event_id = $2
           ) AS "applied!""#,
        report.consumer,
        identity::processed_key(event, replay.again)
    )
    .fetch_one(connection)
    .await
}

/// Closes a dead letter whose event was applied.
pub async fn settle_applied(connection: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.dead_letters
         SET state = 'replayed', settled_at = now(), settled_by = $2, settled_reason = 'applied after all'
         WHERE id = $1 AND state IN ('new', 'replaying')",
        id,
        SYSTEM
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert(
    connection: &mut PgConnection,
    id: Uuid,
    report: &Report,
    envelope: &Envelope,
    replay: &Replay,
) -> Result<(), Failure> {
    let headers: Value = storable_json(&report.headers).map_err(Failure::fail)?;
    sqlx::query!(
        "INSERT INTO prosaas.dead_letters
            (id, consumer, stream, stream_sequence, subject, headers, payload, payload_bytes, event_id,
             event_type, business_id, entity, terms, again, reason, error_chain, fingerprint, attempts,
             process, trace_id, state, first_died_at, died_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                 'new', $21, $21)",
        id,
        storable(&report.consumer),
        report.stream,
        report.sequence.map(signed).transpose()?,
        storable(&report.subject),
        headers,
        report.payload,
        signed(report.payload_bytes)?,
        envelope.id,
        envelope.event_type,
        envelope.business.map(|business| business.0),
        envelope.entity,
        &envelope.terms,
        replay.again,
        report.reason,
        &chain(report),
        report.fingerprint(),
        signed(report.attempts)?,
        report.process,
        report.trace_id,
        report.died_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A replay failed, or the same event did under another number.
async fn die_again(
    connection: &mut PgConnection,
    id: Uuid,
    report: &Report,
    replay: &Replay,
    filed: &Filed,
) -> Result<(), Failure> {
    // Only the latest replay's end is the end of the work on it.
    let ends = filed.state == State::Replaying && replay.count >= filed.replays;
    let state = if ends { State::New } else { filed.state };
    sqlx::query!(
        "UPDATE prosaas.dead_letters SET
            state = $2, attempts = attempts + $3, reason = $4, error_chain = $5, fingerprint = $6,
            process = $7, trace_id = coalesce($8, trace_id), died_at = greatest(died_at, $9),
            payload = coalesce(payload, $10), payload_bytes = greatest(payload_bytes, $11)
         WHERE id = $1",
        id,
        state.as_str(),
        signed(report.attempts)?,
        report.reason,
        &chain(report),
        report.fingerprint(),
        report.process,
        report.trace_id,
        report.died_at,
        report.payload,
        signed(report.payload_bytes)?
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The server told first that the event is dead; now the worker tells why.
async fn explain(connection: &mut PgConnection, id: Uuid, report: &Report) -> Result<(), Failure> {
    sqlx::query!(
        "UPDATE prosaas.dead_letters SET
            reason = $2, error_chain = $3, fingerprint = $4, process = $5, trace_id = coalesce($6, trace_id)
         WHERE id = $1",
        id,
        report.reason,
        &chain(report),
        report.fingerprint(),
        report.process,
        report.trace_id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The report itself; a verdict takes an advisory's place.
async fn note(
    connection: &mut PgConnection,
    id: Uuid,
    report: &Report,
    replay: &Replay,
) -> Result<(), Failure> {
    let log = storable_json(&report.earlier).map_err(Failure::fail)?;
    sqlx::query!(
        "INSERT INTO prosaas.dead_letter_reports
            (key, dead_letter_id, source, replay, reason, attempts, error_chain, process, died_at, attempt_log)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT ON CONSTRAINT dead_letter_reports_pk DO UPDATE
             SET source = $3, reason = $5, attempts = $6, error_chain = $7, process = $8, attempt_log = $10",
        report.key,
        id,
        report.source.as_str(),
        replay.count,
        report.reason,
        signed(report.attempts)?,
        &chain(report),
        report.process,
        report.died_at,
        log
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The replay's item learns how it ended.
async fn fail_item(
    connection: &mut PgConnection,
    id: Uuid,
    report: &Report,
    replay: &Replay,
) -> Result<(), Failure> {
    let Some((job, position)) = replay.item else { return Ok(()) };
    let error = chain(report).last().cloned().unwrap_or_default();
    sqlx::query!(
        "UPDATE prosaas.replay_items
         SET result = 'failed', error = $4, settled_at = now(), dead_letter_id = $3
         WHERE job_id = $1 AND position = $2 AND result IN ('claimed', 'in_flight')",
        job,
        position,
        id,
        error
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn chain(report: &Report) -> Vec<String> {
    report.error_chain.iter().map(|error| storable(error)).collect()
}

fn signed<T: TryInto<i64>>(number: T) -> Result<i64, Failure>
where
    T::Error: Into<Cause>,
{
    number.try_into().map_err(Failure::fail)
}

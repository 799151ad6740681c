//! The statements of filing: many dead letters by each.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    letter::{Filed, Filing, Letter},
    report::{Report, Source},
};
use crate::{
    runtime::{Cause, Failure},
    text::{storable, storable_json},
};

/// Who settles a dead letter whose event was applied by another way.
const SYSTEM: &str = "system";

/// Those of the dead letters that have a row.
pub(super) async fn existing(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<HashSet<Uuid>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let there = sqlx::query_scalar!("SELECT id FROM prosaas.dead_letters WHERE id = ANY ($1)", ids);
    Ok(there.fetch_all(connection).await?.into_iter().collect())
}

/// Takes the locks of all these, in one order for everybody.
pub(super) async fn lock_all(connection: &mut PgConnection, ids: &BTreeSet<Uuid>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(k.key) FROM (
            SELECT DISTINCT hashtextextended(id::text, 0) AS key FROM unnest($1::uuid[]) AS id ORDER BY 1
         ) AS k",
        &ids.iter().copied().collect::<Vec<_>>()
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}

/// The rows of those that have one, locked.
pub(super) async fn load_all(
    connection: &mut PgConnection,
    ids: &BTreeSet<Uuid>,
) -> Result<HashMap<Uuid, Filed>, sqlx::Error> {
    sqlx::query!(
        "SELECT id, state, replays FROM prosaas.dead_letters WHERE id = ANY ($1) ORDER BY id FOR UPDATE",
        &ids.iter().copied().collect::<Vec<_>>()
    )
    .try_map(|row| {
        let state = row.state.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok((row.id, Filed { state, replays: row.replays }))
    })
    .fetch_all(connection)
    .await
    .map(|rows| rows.into_iter().collect())
}

/// Consumers and keys of the events whose effect is there.
pub(super) async fn applied(
    connection: &mut PgConnection,
    filings: &[Filing<'_>],
) -> Result<HashSet<(String, String)>, sqlx::Error> {
    let (mut consumers, mut keys) = (Vec::new(), Vec::new());
    for filing in filings {
        if let Some(key) = &filing.key {
            consumers.push(filing.report.consumer.clone());
            keys.push(key.clone());
        }
    }
    let rows = sqlx::query!(
        "SELECT p.consumer, p.event_id FROM unnest($1::text[], $2::text[]) AS e (consumer, id)
         JOIN prosaas.processed_events p ON p.consumer = e.consumer AND p.event_id = e.id",
        &consumers,
        &keys
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.consumer, row.event_id)).collect())
}

/// Who has told those of the reports that are there.
pub(super) async fn known(
    connection: &mut PgConnection,
    filings: &[Filing<'_>],
) -> Result<HashMap<String, Source>, sqlx::Error> {
    let keys: Vec<String> = filings.iter().map(|filing| filing.report.key.clone()).collect();
    let rows =
        sqlx::query!("SELECT key, source FROM prosaas.dead_letter_reports WHERE key = ANY ($1)", &keys)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().map(|row| (row.key, Source::parse(&row.source))).collect())
}

/// Makes the rows of those that have none.
pub(super) async fn insert_all(
    connection: &mut PgConnection,
    letters: &[&Letter<'_>],
) -> Result<(), Failure> {
    if letters.is_empty() {
        return Ok(());
    }
    let each = |text: fn(&Letter<'_>) -> String| texts(letters, text);
    let maybe = |text: fn(&Letter<'_>) -> Option<String>| texts(letters, text);
    let ids: Vec<Uuid> = letters.iter().map(|letter| letter.first.id).collect();
    let sequences = letters
        .iter()
        .map(|letter| letter.first.report.sequence.map(signed).transpose())
        .collect::<Result<Vec<Option<i64>>, _>>()?;
    let headers = letters
        .iter()
        .map(|letter| storable_json(&letter.first.report.headers))
        .collect::<Result<Vec<Value>, _>>()
        .map_err(Failure::fail)?;
    let businesses: Vec<Option<Uuid>> =
        letters.iter().map(|letter| letter.first.envelope.business.map(|business| business.0)).collect();
    let terms: Vec<Value> = letters.iter().map(|letter| letter.first.envelope.terms.clone().into()).collect();
    let again: Vec<Option<i64>> = letters.iter().map(|letter| letter.first.replay.again).collect();
    let first_died: Vec<DateTime<Utc>> = letters.iter().map(|letter| letter.first.report.died_at).collect();
    let told = Told::of(letters)?;
    sqlx::query!(
        "INSERT INTO prosaas.dead_letters
            (id, consumer, stream, stream_sequence, subject, headers, payload, payload_bytes, event_id,
             event_type, business_id, entity, terms, again, reason, error_chain, fingerprint, attempts,
             process, trace_id, state, first_died_at, died_at)
         SELECT n.id, n.consumer, n.stream, n.stream_sequence, n.subject, n.headers, n.payload, n.payload_bytes,
                n.event_id, n.event_type, n.business_id, n.entity,
                ARRAY(SELECT jsonb_array_elements_text(n.terms)), n.again, n.reason,
                ARRAY(SELECT jsonb_array_elements_text(n.error_chain)), n.fingerprint, n.attempts,
                n.process, n.trace_id, 'new', n.first_died_at, n.died_at
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::jsonb[], $7::bytea[],
                     $8::bigint[], $9::text[], $10::text[], $11::uuid[], $12::text[], $13::jsonb[], $14::bigint[],
                     $15::text[], $16::jsonb[], $17::text[], $18::bigint[], $19::text[], $20::text[],
                     $21::timestamptz[], $22::timestamptz[])
              AS n (id, consumer, stream, stream_sequence, subject, headers, payload, payload_bytes, event_id,
                    event_type, business_id, entity, terms, again, reason, error_chain, fingerprint, attempts,
                    process, trace_id, first_died_at, died_at)",
        &ids,
        &each(|letter| storable(&letter.first.report.consumer)),
        &maybe(|letter| letter.first.report.stream.clone()) as &[Option<String>],
        &sequences as &[Option<i64>],
        &each(|letter| storable(&letter.first.report.subject)),
        &headers,
        &told.payloads as &[Option<&[u8]>],
        &told.sizes,
        &maybe(|letter| letter.first.envelope.id.clone()) as &[Option<String>],
        &maybe(|letter| letter.first.envelope.event_type.clone()) as &[Option<String>],
        &businesses as &[Option<Uuid>],
        &maybe(|letter| letter.first.envelope.entity.clone()) as &[Option<String>],
        &terms,
        &again as &[Option<i64>],
        &told.reasons,
        &told.chains,
        &told.fingerprints,
        &told.attempts,
        &told.processes as &[Option<String>],
        &told.traces as &[Option<String>],
        &first_died,
        &told.died
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds what is new to rows that are there: a failure more, or words for what the server told first.
pub(super) async fn update_all(
    connection: &mut PgConnection,
    letters: &[&Letter<'_>],
) -> Result<(), Failure> {
    if letters.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = letters.iter().map(|letter| letter.first.id).collect();
    let states = texts(letters, |letter| letter.state.as_str().to_owned());
    let told = Told::of(letters)?;
    sqlx::query!(
        "UPDATE prosaas.dead_letters AS d SET
            state = n.state, attempts = d.attempts + n.attempts, reason = n.reason,
            error_chain = ARRAY(SELECT jsonb_array_elements_text(n.error_chain)), fingerprint = n.fingerprint,
            process = n.process, trace_id = coalesce(n.trace_id, d.trace_id), died_at = greatest(d.died_at, n.died_at),
            payload = coalesce(d.payload, n.payload), payload_bytes = greatest(d.payload_bytes, n.payload_bytes)
         FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::jsonb[], $7::text[],
                     $8::bigint[], $9::text[], $10::text[], $11::timestamptz[])
              AS n (id, state, payload, payload_bytes, reason, error_chain, fingerprint, attempts, process, trace_id,
                    died_at)
         WHERE d.id = n.id",
        &ids,
        &states,
        &told.payloads as &[Option<&[u8]>],
        &told.sizes,
        &told.reasons,
        &told.chains,
        &told.fingerprints,
        &told.attempts,
        &told.processes as &[Option<String>],
        &told.traces as &[Option<String>],
        &told.died
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What reports tell of the failure itself, a column each.
struct Told<'a> {
    payloads: Vec<Option<&'a [u8]>>,
    sizes: Vec<i64>,
    reasons: Vec<String>,
    chains: Vec<Value>,
    fingerprints: Vec<String>,
    attempts: Vec<i64>,
    processes: Vec<Option<String>>,
    traces: Vec<Option<String>>,
    died: Vec<DateTime<Utc>>,
}

impl<'a> Told<'a> {
    fn of(letters: &[&Letter<'a>]) -> Result<Self, Failure> {
        Ok(Self {
            payloads: letters.iter().map(|letter| letter.payload).collect(),
            sizes: letters.iter().map(|letter| signed(letter.payload_bytes)).collect::<Result<_, _>>()?,
            reasons: texts(letters, |letter| letter.last.report.reason.to_owned()),
            chains: letters.iter().map(|letter| chain(letter.last.report).into()).collect(),
            fingerprints: texts(letters, |letter| letter.last.report.fingerprint()),
            attempts: letters.iter().map(|letter| signed(letter.attempts)).collect::<Result<_, _>>()?,
            processes: texts(letters, |letter| letter.last.report.process.clone()),
            traces: texts(letters, |letter| letter.trace_id.map(str::to_owned)),
            died: letters.iter().map(|letter| letter.died_at).collect(),
        })
    }
}

fn texts<T>(letters: &[&Letter<'_>], text: fn(&Letter<'_>) -> T) -> Vec<T> {
    letters.iter().map(|letter| text(letter)).collect()
}

/// The reports themselves; a verdict takes an advisory's place.
pub(super) async fn note_all(
    connection: &mut PgConnection,
    filings: Vec<&Filing<'_>>,
) -> Result<(), Failure> {
    if filings.is_empty() {
        return Ok(());
    }
    let each =
        |text: fn(&Filing<'_>) -> String| filings.iter().map(|filing| text(filing)).collect::<Vec<_>>();
    let letters: Vec<Uuid> = filings.iter().map(|filing| filing.id).collect();
    let replays: Vec<i32> = filings.iter().map(|filing| filing.replay.count).collect();
    let attempts =
        filings.iter().map(|filing| signed(filing.report.attempts)).collect::<Result<Vec<i64>, _>>()?;
    let chains: Vec<Value> = filings.iter().map(|filing| chain(filing.report).into()).collect();
    let processes: Vec<Option<String>> = filings.iter().map(|filing| filing.report.process.clone()).collect();
    let died: Vec<DateTime<Utc>> = filings.iter().map(|filing| filing.report.died_at).collect();
    let logs = filings
        .iter()
        .map(|filing| storable_json(&filing.report.earlier))
        .collect::<Result<Vec<Value>, _>>()
        .map_err(Failure::fail)?;
    sqlx::query!(
        "INSERT INTO prosaas.dead_letter_reports
            (key, dead_letter_id, source, replay, reason, attempts, error_chain, process, died_at, attempt_log)
         SELECT n.key, n.letter, n.source, n.replay, n.reason, n.attempts,
                ARRAY(SELECT jsonb_array_elements_text(n.error_chain)), n.process, n.died_at, n.attempt_log
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::bigint[], $7::jsonb[], $8::text[],
                     $9::timestamptz[], $10::jsonb[])
              AS n (key, letter, source, replay, reason, attempts, error_chain, process, died_at, attempt_log)
         ON CONFLICT ON CONSTRAINT dead_letter_reports_pk DO UPDATE
             SET source = excluded.source, reason = excluded.reason, attempts = excluded.attempts,
                 error_chain = excluded.error_chain, process = excluded.process, attempt_log = excluded.attempt_log",
        &each(|filing| filing.report.key.clone()),
        &letters,
        &each(|filing| filing.report.source.as_str().to_owned()),
        &replays,
        &each(|filing| filing.report.reason.to_owned()),
        &attempts,
        &chains,
        &processes as &[Option<String>],
        &died,
        &logs
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The items of replays learn how they ended, locked in the order in which their replay notes them.
pub(super) async fn fail_items(
    connection: &mut PgConnection,
    failures: &[&Filing<'_>],
) -> Result<(), sqlx::Error> {
    let (mut jobs, mut positions, mut letters, mut errors) = (vec![], vec![], vec![], vec![]);
    let mut seen = HashSet::new();
    for filing in failures {
        if let Some((job, position)) = filing.replay.item.filter(|item| seen.insert(*item)) {
            jobs.push(job);
            positions.push(position);
            letters.push(filing.id);
            errors.push(chain(filing.report).pop().unwrap_or_default());
        }
    }
    if jobs.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "WITH n AS (
            SELECT i.job_id, i.position, n.letter, n.error
            FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[]) AS n (job, position, letter, error)
            JOIN prosaas.replay_items i ON i.job_id = n.job AND i.position = n.position
            WHERE i.result IN ('claimed', 'in_flight')
            ORDER BY i.job_id, i.position FOR UPDATE OF i
         )
         UPDATE prosaas.replay_items AS i
         SET result = 'failed', error = n.error, settled_at = now(), dead_letter_id = n.letter
         FROM n WHERE i.job_id = n.job_id AND i.position = n.position",
        &jobs,
        &positions,
        &letters,
        &errors
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Closes dead letters whose events were applied.
pub(super) async fn settle_applied(connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE prosaas.dead_letters
         SET state = 'replayed', settled_at = now(), settled_by = $2, settled_reason = 'applied after all'
         WHERE id = ANY ($1) AND state IN ('new', 'replaying')",
        ids,
        SYSTEM
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

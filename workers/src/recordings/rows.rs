//! The rows of recordings that reports change: many by each statement.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use prosaas_domain::ids::{BusinessId, CallSid, RecordingSid};
use sqlx::PgConnection;
use uuid::Uuid;

use super::state::{Fact, State, apply};
use crate::{calls, runtime::Meta, text::storable};

/// What an event says of a recording.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// The recording.
    pub recording: &'a RecordingSid,
    /// Its call.
    pub call: &'a CallSid,
    /// What happened.
    pub fact: Fact,
    /// Why it failed, for people.
    pub failure: Option<String>,
    /// Its length, seconds.
    pub duration_s: Option<u32>,
    /// Its channels.
    pub channels: Option<u8>,
}

/// A report with the envelope of its event.
pub(super) type Told<'a> = (&'a Meta, &'a Report<'a>);

/// Before and after a report.
pub(super) struct Change {
    pub before: Option<State>,
    pub after: State,
    pub business: Option<BusinessId>,
    /// The row's version once all reports are in it.
    pub version: i64,
}

/// A recording as the table has it.
struct Held {
    state: State,
    business: Option<BusinessId>,
    version: i64,
}

/// A recording as reports leave it.
struct Row<'a> {
    recording: &'a RecordingSid,
    call: &'a CallSid,
    business: Option<BusinessId>,
    state: State,
    failure: Option<String>,
    duration_s: Option<i64>,
    channels: Option<i16>,
    attempts: i64,
    created_at: DateTime<Utc>,
}

/// Takes the locks of the reports' calls. They keep the calls' own worker from giving a recording its business
/// between our look and our write.
pub(super) async fn lock(connection: &mut PgConnection, reports: &[Told<'_>]) -> Result<(), sqlx::Error> {
    let calls: BTreeSet<&CallSid> = reports.iter().map(|(_, report)| report.call).collect();
    calls::store::lock_all(connection, &calls).await
}

/// Writes the reports into their rows, which it makes where there are none; says of each what it changed. Hold the
/// [`lock`].
pub(super) async fn put_all(
    connection: &mut PgConnection,
    reports: &[Told<'_>],
) -> Result<Vec<Change>, sqlx::Error> {
    let held = load(connection, reports).await?;
    let businesses = businesses(connection, reports).await?;
    let mut rows: HashMap<&RecordingSid, Row<'_>> = HashMap::new();
    let mut changes = Vec::with_capacity(reports.len());
    for (number, (meta, report)) in reports.iter().enumerate() {
        let known = held.get(report.recording.as_str());
        let before = rows.get(report.recording).map(|row| row.state).or(known.map(|held| held.state));
        let business =
            known.and_then(|held| held.business).or_else(|| businesses.get(number).copied().flatten());
        let version = known.map_or(0, |held| held.version);
        // Nothing undoes a stored recording, and nothing is left to add to it.
        let after = if before == Some(State::Completed) {
            State::Completed
        } else {
            add(&mut rows, meta, report, before, business)
        };
        changes.push(Change { before, after, business, version });
    }
    let versions = save(connection, rows.into_values().collect()).await?;
    for (change, (_, report)) in changes.iter_mut().zip(reports) {
        if let Some(version) = versions.get(report.recording.as_str()) {
            change.version = *version;
        }
    }
    Ok(changes)
}

fn add<'a>(
    rows: &mut HashMap<&'a RecordingSid, Row<'a>>,
    meta: &Meta,
    report: &'a Report<'a>,
    before: Option<State>,
    business: Option<BusinessId>,
) -> State {
    let after = apply(before, report.fact);
    let row = rows.entry(report.recording).or_insert_with(|| Row {
        recording: report.recording,
        call: report.call,
        business,
        state: after,
        failure: None,
        duration_s: None,
        channels: None,
        attempts: 0,
        created_at: meta.time,
    });
    row.state = after;
    row.business = row.business.or(business);
    row.failure = report.failure.clone().or(row.failure.take());
    row.duration_s = report.duration_s.map(i64::from).or(row.duration_s);
    row.channels = row.channels.or(report.channels.filter(|n| matches!(n, 1 | 2)).map(i16::from));
    row.attempts += i64::from(report.fact == Fact::Available);
    after
}

async fn load(
    connection: &mut PgConnection,
    reports: &[Told<'_>],
) -> Result<HashMap<String, Held>, sqlx::Error> {
    let sids: Vec<String> = reports.iter().map(|(_, report)| report.recording.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        "SELECT recording_sid, state, business_id, version FROM prosaas.recordings WHERE recording_sid = ANY ($1)",
        &sids
    )
    .fetch_all(connection)
    .await?;
    let held = rows.into_iter().filter_map(|row| {
        let state = State::parse(&row.state)?;
        let business = row.business_id.map(BusinessId);
        Some((row.recording_sid, Held { state, business, version: row.version }))
    });
    Ok(held.collect())
}

/// The business of each report's call; while the call has no row, the one whose configuration answered it, where that
/// exists.
async fn businesses(
    connection: &mut PgConnection,
    reports: &[Told<'_>],
) -> Result<Vec<Option<BusinessId>>, sqlx::Error> {
    let calls: Vec<String> = reports.iter().map(|(_, report)| report.call.as_str().to_owned()).collect();
    let said: Vec<Option<Uuid>> = reports.iter().map(|(meta, _)| meta.business.map(|b| b.0)).collect();
    let ids = sqlx::query_scalar!(
        r#"SELECT COALESCE(c.business_id, b.id) AS id
           FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS n (call_sid, said, place)
           LEFT JOIN prosaas.calls c ON c.call_sid = n.call_sid
           LEFT JOIN prosaas.businesses b ON b.id = n.said
           ORDER BY n.place"#,
        &calls,
        &said as &[Option<Uuid>]
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(|id| id.map(BusinessId)).collect())
}

/// Writes the rows; gives their versions.
async fn save(
    connection: &mut PgConnection,
    rows: Vec<Row<'_>>,
) -> Result<HashMap<String, i64>, sqlx::Error> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let recordings: Vec<String> = rows.iter().map(|row| row.recording.as_str().to_owned()).collect();
    let calls: Vec<String> = rows.iter().map(|row| row.call.as_str().to_owned()).collect();
    let businesses: Vec<Option<Uuid>> = rows.iter().map(|row| row.business.map(|b| b.0)).collect();
    let states: Vec<String> = rows.iter().map(|row| row.state.as_str().to_owned()).collect();
    let failures: Vec<Option<String>> = rows.iter().map(|row| row.failure.as_deref().map(storable)).collect();
    let durations: Vec<Option<i64>> = rows.iter().map(|row| row.duration_s).collect();
    let channels: Vec<Option<i16>> = rows.iter().map(|row| row.channels).collect();
    let attempts: Vec<i64> = rows.iter().map(|row| row.attempts).collect();
    let created: Vec<DateTime<Utc>> = rows.iter().map(|row| row.created_at).collect();
    let written = sqlx::query!(
        "INSERT INTO prosaas.recordings AS r
            (recording_sid, call_sid, business_id, state, failure, duration_s, channels, attempts,
             created_at, updated_at)
         SELECT n.recording_sid, n.call_sid, n.business_id, n.state, n.failure, n.duration_s, n.channels, n.attempts,
                n.created_at, now()
         FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::smallint[],
                     $8::bigint[], $9::timestamptz[])
              AS n (recording_sid, call_sid, business_id, state, failure, duration_s, channels, attempts, created_at)
         ON CONFLICT ON CONSTRAINT recordings_pk DO UPDATE SET
            business_id = excluded.business_id, state = excluded.state, failure = COALESCE(excluded.failure, r.failure),
            duration_s = COALESCE(excluded.duration_s, r.duration_s),
            channels = COALESCE(r.channels, excluded.channels),
            attempts = r.attempts + excluded.attempts,
            version = r.version + (r.state <> excluded.state)::int, updated_at = now()
         RETURNING recording_sid, version",
        &recordings,
        &calls,
        &businesses as &[Option<Uuid>],
        &states,
        &failures as &[Option<String>],
        &durations as &[Option<i64>],
        &channels as &[Option<i16>],
        &attempts,
        &created
    )
    .fetch_all(connection)
    .await?;
    Ok(written.into_iter().map(|row| (row.recording_sid, row.version)).collect())
}

//! What becomes of a recording, each in one transaction.

use std::collections::HashMap;

use prosaas_domain::ids::{BusinessId, RecordingSid};
use prosaas_events::domain_event::recording::{RecordingFailedV1, RecordingStoredV1};
use prosaas_platform::objects::Stored;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use super::{
    rows::{self, Change, Report},
    state::{Fact, State, apply},
};
use crate::{
    audit::{self, Actor, Record},
    domain_events::{Pending, Trigger, raise},
    runtime::{Done, Failure, Mark, Meta, mark_all_processed, mark_processed},
};

/// Notes that the recording is about to be fetched; says whether nothing is left to fetch: it is
/// safe already, or Twilio has said meanwhile that nothing was recorded.
pub async fn begin(pool: &PgPool, meta: &Meta, report: &Report<'_>) -> Result<bool, Failure> {
    let mut transaction = pool.begin().await?;
    let told = [(meta, report)];
    rows::lock(&mut transaction, &told).await?;
    let changes = rows::put_all(&mut transaction, &told).await?;
    transaction.commit().await?;
    Ok(changes.iter().any(|change| matches!(change.after, State::Completed | State::Absent)))
}

/// Applies reports that need nothing else, each once; says of each whether it was new.
pub async fn report_all(
    pool: &PgPool,
    consumer: &str,
    reports: &[(&Meta, &Report<'_>)],
) -> Result<Vec<Done>, Failure> {
    let mut transaction = pool.begin().await?;
    rows::lock(&mut transaction, reports).await?;
    let keys: Vec<String> = reports.iter().map(|(meta, _)| meta.key()).collect();
    let done = mark_all_processed(&mut transaction, consumer, &keys).await?;
    let new = reports.iter().zip(&done).filter(|(_, done)| **done == Done::Applied);
    let new: Vec<_> = new.map(|(told, _)| *told).collect();
    note_all(&mut transaction, "recording.status", &new).await?;
    transaction.commit().await?;
    Ok(done)
}

/// Notes that the recording cannot be had. The event itself becomes a dead letter,
/// so it is not marked: a replay may still succeed.
pub async fn give_up(pool: &PgPool, meta: &Meta, report: &Report<'_>) -> Result<(), Failure> {
    let mut transaction = pool.begin().await?;
    let told = [(meta, report)];
    rows::lock(&mut transaction, &told).await?;
    note_all(&mut transaction, "recording.give_up", &told).await?;
    transaction.commit().await?;
    Ok(())
}

/// Rows, audit records and domain events of reports. Hold the calls' locks.
async fn note_all(
    connection: &mut PgConnection,
    action: &str,
    reports: &[(&Meta, &Report<'_>)],
) -> Result<(), sqlx::Error> {
    if reports.is_empty() {
        return Ok(());
    }
    let changes = rows::put_all(connection, reports).await?;
    let (mut pending, mut entries) = (Pending::default(), Vec::new());
    let mut untold: HashMap<_, _> = failed(reports, &changes);
    for ((meta, report), change) in reports.iter().zip(&changes) {
        if change.after == State::Failed
            && change.before != Some(State::Failed)
            && let Some(failed) = untold.remove(report.recording)
        {
            pending.raise(&Trigger::of(meta), change.business, failed)?;
        }
        // What was given up before, or ran again and changed nothing, is on record since its first time.
        let first = action == "recording.status" && meta.again.is_none();
        if first || change.before != Some(change.after) {
            let after = json!({ "state": change.after.as_str(), "failure": report.failure });
            entries.push(Entry::new(meta, action, report.recording, change, after));
        }
    }
    audit::write_all(connection, entries.iter().map(Entry::record).collect()).await?;
    pending.write(connection).await
}

/// What is to be told of recordings that have failed now: as they stand before and after the transaction.
fn failed<'a>(
    reports: &[(&Meta, &'a Report<'a>)],
    changes: &[Change],
) -> HashMap<&'a RecordingSid, RecordingFailedV1> {
    let mut ends: HashMap<&RecordingSid, (Option<State>, &Report<'_>, &Change)> = HashMap::new();
    for ((_, report), change) in reports.iter().zip(changes) {
        let first = ends.get(report.recording).map_or(change.before, |(first, ..)| *first);
        ends.insert(report.recording, (first, report, change));
    }
    let failed = ends
        .into_iter()
        .filter(|(_, (first, _, change))| change.after == State::Failed && *first != Some(State::Failed));
    failed
        .map(|(recording, (_, report, change))| {
            let failed = RecordingFailedV1 {
                recording_sid: recording.clone(),
                call_sid: report.call.clone(),
                version: change.version,
            };
            (recording, failed)
        })
        .collect()
}

/// What is known of the audio once it is safe.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The object.
    pub stored: Stored,
    /// Channels that were fetched.
    pub channels: u8,
    /// Media type.
    pub content_type: String,
    /// Whether Twilio's copy shall go.
    pub delete_at_provider: bool,
}

/// Notes that the audio is safe, once.
pub async fn complete(
    pool: &PgPool,
    consumer: &str,
    meta: &Meta,
    report: &Report<'_>,
    kept: &Kept,
) -> Result<Done, Failure> {
    let mut transaction = pool.begin().await?;
    if mark_processed(&mut transaction, consumer, &meta.key()).await? == Mark::Known {
        return Ok(Done::AlreadyApplied);
    }
    // The row cannot be complete before it has its object: both in one statement.
    rows::lock(&mut transaction, &[(meta, report)]).await?;
    let bytes = i64::try_from(kept.stored.bytes).map_err(Failure::fail)?;
    let before = sqlx::query_scalar!(
        "SELECT state FROM prosaas.recordings WHERE recording_sid = $1",
        report.recording.as_str()
    )
    .fetch_one(&mut *transaction)
    .await?;
    let row = sqlx::query!(
        "UPDATE prosaas.recordings SET
            state = $2, failure = NULL, channels = $3, object_key = $4, bytes = $5, content_type = $6,
            sha256 = $7, stored_at = now(), provider_delete_wanted = $8, version = version + 1, updated_at = now()
         WHERE recording_sid = $1 RETURNING business_id, version",
        report.recording.as_str(),
        apply(None, Fact::Stored).as_str(),
        i16::from(kept.channels),
        kept.stored.key,
        bytes,
        kept.content_type,
        &kept.stored.sha256,
        kept.delete_at_provider
    )
    .fetch_one(&mut *transaction)
    .await?;
    let change = Change {
        before: State::parse(&before),
        after: State::Completed,
        business: row.business_id.map(BusinessId),
        version: row.version,
    };
    let after = json!({
        "state": change.after.as_str(),
        "bytes": bytes,
        "channels": kept.channels,
        "duration_s": report.duration_s,
        "sha256": hex::encode(kept.stored.sha256),
    });
    let entry = Entry::new(meta, "recording.store", report.recording, &change, after);
    audit::write(&mut transaction, entry.record()).await?;
    let stored = RecordingStoredV1 {
        recording_sid: report.recording.clone(),
        call_sid: report.call.clone(),
        version: change.version,
        duration_s: report.duration_s,
        channels: kept.channels,
        bytes: kept.stored.bytes,
    };
    raise(&mut transaction, &Trigger::of(meta), change.business, stored).await?;
    transaction.commit().await?;
    Ok(Done::Applied)
}

/// Marks the event of a recording of which nothing is left to fetch.
pub async fn nothing_to_fetch(pool: &PgPool, consumer: &str, meta: &Meta) -> Result<Done, Failure> {
    mark_processed(&mut *pool.acquire().await?, consumer, &meta.key()).await?;
    Ok(Done::AlreadyApplied)
}

/// What a report did to its recording, for the audit.
struct Entry<'a> {
    business: Option<BusinessId>,
    actor: Actor,
    key: String,
    action: &'a str,
    recording: &'a RecordingSid,
    before: Option<Value>,
    after: Value,
}

impl<'a> Entry<'a> {
    fn new(meta: &Meta, action: &'a str, recording: &'a RecordingSid, change: &Change, after: Value) -> Self {
        Self {
            business: change.business,
            actor: Actor::of(meta),
            key: meta.key(),
            action,
            recording,
            before: change.before.map(|state| json!({ "state": state.as_str() })),
            after,
        }
    }

    fn record(&self) -> Record<'_> {
        Record {
            business: self.business,
            actor: &self.actor,
            request: None,
            event_id: Some(&self.key),
            action: self.action,
            entity_type: "recording",
            entity_id: self.recording.as_str(),
            before: self.before.clone(),
            after: Some(self.after.clone()),
        }
    }
}

//! A recording's row.

use prosaas_domain::ids::{BusinessId, CallSid, RecordingSid};
use prosaas_events::domain_event::recording::{RecordingFailedV1, RecordingStoredV1};
use prosaas_platform::objects::Stored;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use super::state::{Fact, State, apply};
use crate::{
    audit::{self, Actor, Record},
    calls,
    domain_events::{Trigger, raise},
    runtime::{Done, Failure, Mark, Meta, mark_processed},
    text::storable,
};

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

/// Before and after a change.
struct Change {
    before: Option<State>,
    after: State,
    business: Option<BusinessId>,
    version: i64,
}

/// Writes the report into the row, which it makes where there is none. The call's
/// lock keeps the call's own worker from giving the recording its business between
/// our look and our write.
async fn put(connection: &mut PgConnection, meta: &Meta, report: &Report<'_>) -> Result<Change, sqlx::Error> {
    calls::store::lock(connection, report.call).await?;
    let held = sqlx::query!(
        "SELECT state, business_id, version FROM prosaas.recordings WHERE recording_sid = $1",
        report.recording.as_str()
    )
    .fetch_optional(&mut *connection)
    .await?;
    let before = held.as_ref().and_then(|row| State::parse(&row.state));
    if before == Some(State::Completed) {
        // Nothing undoes a stored recording, and nothing is left to add to it.
        let version = held.as_ref().map_or(0, |row| row.version);
        let business = held.and_then(|row| row.business_id).map(BusinessId);
        return Ok(Change { before, after: State::Completed, business, version });
    }
    let business = match held.and_then(|row| row.business_id) {
        Some(id) => Some(BusinessId(id)),
        None => business_of(connection, report.call, meta.business).await?,
    };
    let after = apply(before, report.fact);
    let attempt = i64::from(report.fact == Fact::Available);
    let version = sqlx::query_scalar!(
        "INSERT INTO prosaas.recordings
            (recording_sid, call_sid, business_id, state, failure, duration_s, channels, attempts,
             created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())
         ON CONFLICT ON CONSTRAINT recordings_pk DO UPDATE SET
            business_id = $3, state = $4, failure = COALESCE($5, recordings.failure),
            duration_s = COALESCE($6, recordings.duration_s),
            channels = COALESCE(recordings.channels, $7),
            attempts = recordings.attempts + $8,
            version = recordings.version + (recordings.state <> $4)::int, updated_at = now()
         RETURNING version",
        report.recording.as_str(),
        report.call.as_str(),
        business.map(|b| b.0),
        after.as_str(),
        report.failure.as_deref().map(storable),
        report.duration_s.map(i64::from),
        report.channels.filter(|n| matches!(n, 1 | 2)).map(i16::from),
        attempt,
        meta.time
    )
    .fetch_one(connection)
    .await?;
    Ok(Change { before, after, business, version })
}

/// The call's business; while the call has no row, the one whose configuration
/// answered it, where that exists.
async fn business_of(
    connection: &mut PgConnection,
    call: &CallSid,
    said: Option<BusinessId>,
) -> Result<Option<BusinessId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        r#"SELECT COALESCE(
               (SELECT business_id FROM prosaas.calls WHERE call_sid = $1),
               (SELECT id FROM prosaas.businesses WHERE id = $2)
           ) AS id"#,
        call.as_str(),
        said.map(|b| b.0)
    )
    .fetch_one(connection)
    .await?;
    Ok(id.map(BusinessId))
}

/// Notes that the recording is about to be fetched; says whether nothing is left to fetch: it is
/// safe already, or Twilio has said meanwhile that nothing was recorded.
pub async fn begin(pool: &PgPool, meta: &Meta, report: &Report<'_>) -> Result<bool, Failure> {
    let mut transaction = pool.begin().await?;
    let change = put(&mut transaction, meta, report).await?;
    transaction.commit().await?;
    Ok(matches!(change.after, State::Completed | State::Absent))
}

/// Applies a report that needs nothing else, once.
pub async fn report(
    pool: &PgPool,
    consumer: &str,
    meta: &Meta,
    report: &Report<'_>,
) -> Result<Done, Failure> {
    let mut transaction = pool.begin().await?;
    if mark_processed(&mut transaction, consumer, &meta.key()).await? == Mark::Known {
        return Ok(Done::AlreadyApplied);
    }
    let change = put(&mut transaction, meta, report).await?;
    tell_failure(&mut transaction, meta, report, &change).await?;
    // What ran again and changed nothing is on record since its first run.
    if meta.again.is_none() || change.before != Some(change.after) {
        let after = json!({ "state": change.after.as_str(), "failure": report.failure });
        record(&mut transaction, meta, "recording.status", report.recording, &change, after).await?;
    }
    transaction.commit().await?;
    Ok(Done::Applied)
}

/// Notes that the recording cannot be had. The event itself becomes a dead letter,
/// so it is not marked: a replay may still succeed.
pub async fn give_up(pool: &PgPool, meta: &Meta, report: &Report<'_>) -> Result<(), Failure> {
    let mut transaction = pool.begin().await?;
    let change = put(&mut transaction, meta, report).await?;
    tell_failure(&mut transaction, meta, report, &change).await?;
    if change.before != Some(change.after) {
        let after = json!({ "state": change.after.as_str(), "failure": report.failure });
        record(&mut transaction, meta, "recording.give_up", report.recording, &change, after).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn tell_failure(
    connection: &mut PgConnection,
    meta: &Meta,
    report: &Report<'_>,
    change: &Change,
) -> Result<(), sqlx::Error> {
    if change.after != State::Failed || change.before == Some(State::Failed) {
        return Ok(());
    }
    let failed = RecordingFailedV1 {
        recording_sid: report.recording.clone(),
        call_sid: report.call.clone(),
        version: change.version,
    };
    raise(connection, &Trigger::of(meta), change.business, failed).await
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
    calls::store::lock(&mut transaction, report.call).await?;
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
    record(&mut transaction, meta, "recording.store", report.recording, &change, after).await?;
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

async fn record(
    connection: &mut PgConnection,
    meta: &Meta,
    action: &str,
    recording: &RecordingSid,
    change: &Change,
    after: Value,
) -> Result<(), sqlx::Error> {
    let record = Record {
        business: change.business,
        actor: &Actor::of(meta),
        request: None,
        event_id: Some(&meta.key()),
        action,
        entity_type: "recording",
        entity_id: recording.as_str(),
        before: change.before.map(|state| json!({ "state": state.as_str() })),
        after: Some(after),
    };
    audit::write(connection, record).await
}

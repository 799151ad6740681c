//! Twilio's copies that shall go. The row says what is wanted; this makes it so,
//! however often it takes.

use std::time::Duration;

use prosaas_domain::ids::RecordingSid;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::RecordingsWorker;
use crate::{
    audit::{self, Actor, Record},
    runtime::Cause,
};

/// How often the table is looked at when nothing wakes us.
const PERIOD: Duration = Duration::from_mins(1);

struct Candidate {
    recording: RecordingSid,
    business: Option<Uuid>,
    key: String,
    bytes: i64,
}

/// Deletes, now and then and whenever a recording was stored, until `stop`.
pub async fn run(worker: RecordingsWorker, stop: CancellationToken) {
    loop {
        if let Err(error) = sweep(&worker).await {
            tracing::warn!(event = "recording.delete_failed", %error, "Twilio's copies stay for now");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PERIOD) => {}
            () = worker.deletions.notified() => {}
        }
    }
}

/// Deletes what is due, some at a time; returns how many are gone.
pub async fn sweep(worker: &RecordingsWorker) -> Result<usize, Cause> {
    let mut gone = 0;
    loop {
        let due = claim(worker).await?;
        if due.is_empty() {
            return Ok(gone);
        }
        for candidate in due {
            match delete(worker, &candidate).await {
                Ok(()) => gone += 1,
                Err(error) => tracing::warn!(
                    event = "recording.delete_failed",
                    recording = %candidate.recording,
                    %error,
                    "Twilio's copy stays for now"
                ),
            }
        }
    }
}

/// Takes some that are due; nobody else takes them for five minutes, after which a
/// failed one is due again.
async fn claim(worker: &RecordingsWorker) -> Result<Vec<Candidate>, Cause> {
    let rows = sqlx::query!(
        r#"UPDATE prosaas.recordings SET provider_delete_after = now() + interval '5 minutes'
           WHERE recording_sid IN (
               SELECT recording_sid FROM prosaas.recordings
               WHERE provider_delete_wanted AND provider_deleted_at IS NULL
                 AND (provider_delete_after IS NULL OR provider_delete_after <= now())
               ORDER BY provider_delete_after NULLS FIRST LIMIT 20
               FOR UPDATE SKIP LOCKED
           )
           RETURNING recording_sid, business_id, object_key AS "key!", bytes AS "bytes!""#
    )
    .fetch_all(&worker.pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let recording = row.recording_sid.parse()?;
            Ok(Candidate { recording, business: row.business_id, key: row.key, bytes: row.bytes })
        })
        .collect()
}

async fn delete(worker: &RecordingsWorker, candidate: &Candidate) -> Result<(), Cause> {
    // Deleting is final: look at our own copy first.
    let size = worker.objects.size(&candidate.key).await?;
    if size != u64::try_from(candidate.bytes).ok() {
        return Err("our own copy is missing or has another size".into());
    }
    worker.twilio.delete(&candidate.recording).await?;
    let mut transaction = worker.pool.begin().await?;
    let rows = sqlx::query!(
        "UPDATE prosaas.recordings SET provider_deleted_at = now(), updated_at = now()
         WHERE recording_sid = $1 AND provider_deleted_at IS NULL",
        candidate.recording.as_str()
    )
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    if rows == 1 {
        let record = Record {
            business: candidate.business.map(Into::into),
            actor: &Actor::system("workers"),
            request: None,
            event_id: None,
            action: "recording.delete_at_provider",
            entity_type: "recording",
            entity_id: candidate.recording.as_str(),
            before: Some(json!({ "at_provider": true })),
            after: Some(json!({ "at_provider": false })),
        };
        audit::write(&mut transaction, record).await?;
    }
    transaction.commit().await?;
    Ok(())
}

//! What a retry, a restore or a replay finds already decided.

use std::sync::PoisonError;

use anyhow::Result;
use prosaas_events::recording::{RecordingProgress, RecordingStatusV1};
use prosaas_workers::{
    recordings::RecordingEvent,
    runtime::{Done, Failure},
};
use sha2::{Digest as _, Sha256};

use super::{Scene, audio, available};

/// Recordings that Twilio was asked for since the last look.
fn asked(scene: &Scene) -> usize {
    std::mem::take(&mut *scene.fake.seen.asked.lock().unwrap_or_else(PoisonError::into_inner)).len()
}

#[tokio::test]
async fn what_lies_in_the_store_is_not_asked_of_twilio() -> Result<()> {
    let scene = Scene::set(false).await?;
    assert!(matches!(scene.available("RE1").await?, Ok(Done::Applied)));
    assert_eq!(asked(&scene), 1);
    // A restored database knows neither the row nor the mark.
    sqlx::query("DELETE FROM prosaas.recordings").execute(&scene.database.pool).await?;
    sqlx::query("DELETE FROM prosaas.processed_events").execute(&scene.database.pool).await?;
    // The audit, which nothing can delete, would know of the event: a restored one does not.
    let event = available(&scene.fake, "RE1", None)?;
    assert!(matches!(scene.handle("the same, after a restore", false, &event).await, Ok(Done::Applied)));
    assert_eq!(asked(&scene), 0);
    let row: (String, Option<i64>, Option<Vec<u8>>) =
        sqlx::query_as("SELECT state, bytes, sha256 FROM prosaas.recordings")
            .fetch_one(&scene.database.pool)
            .await?;
    assert_eq!(row, ("completed".to_owned(), Some(1_500_000), Some(Sha256::digest(audio()).to_vec())));
    Ok(())
}

#[tokio::test]
async fn a_recording_that_was_denied_meanwhile_is_not_asked_for_again() -> Result<()> {
    let scene = Scene::set(false).await?;
    assert!(matches!(scene.available("REnever").await?, Err(Failure::Retry { .. })));
    let absent = RecordingEvent::Status(RecordingStatusV1 {
        recording_sid: "REnever".parse()?,
        call_sid: "CA1".parse()?,
        account_sid: None,
        status: RecordingProgress::Absent,
        error_code: None,
    });
    assert!(matches!(scene.handle("absent", false, &absent).await, Ok(Done::Applied)));
    assert_eq!(asked(&scene), 1);
    assert!(matches!(scene.available("REnever").await?, Ok(Done::AlreadyApplied)));
    assert_eq!(asked(&scene), 0);
    assert_eq!(scene.row("REnever").await?.map(|row| row.0).as_deref(), Some("absent"));
    Ok(())
}

#[tokio::test]
async fn the_audit_says_what_a_replayed_recording_was_before() -> Result<()> {
    let scene = Scene::set(false).await?;
    let late = available(&scene.fake, "RElate", None)?;
    assert!(scene.handle("late", false, &late).await.is_err());
    assert!(scene.handle("late", true, &late).await.is_err());
    assert!(matches!(scene.handle("late", true, &late).await, Ok(Done::Applied)));
    let changes: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT action, before ->> 'state', after ->> 'state' FROM prosaas.audit_records ORDER BY id",
    )
    .fetch_all(&scene.database.pool)
    .await?;
    let change = |action: &str, before: &str, after: &str| (action.into(), before.into(), after.into());
    assert_eq!(
        changes,
        [
            change("recording.give_up", "processing", "failed"),
            change("recording.store", "failed", "completed"),
        ]
    );
    Ok(())
}

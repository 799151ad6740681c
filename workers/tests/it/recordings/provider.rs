//! Twilio's own copies, and the token that opens them.

use std::sync::atomic::Ordering;

use anyhow::Result;
use prosaas_workers::{
    recordings::provider_delete,
    runtime::{Done, Failure},
};

use super::Scene;

#[tokio::test]
async fn twilios_copy_goes_only_when_ours_is_safe() -> Result<()> {
    let scene = Scene::set(true).await?;
    for recording in ["RE1", "RE2"] {
        assert!(matches!(scene.available(recording).await?, Ok(Done::Applied)));
    }
    std::fs::write(scene.folder.path().join("RE2.mp3"), "cut")?;
    let sweep = || async { provider_delete::sweep(&scene.worker).await.map_err(anyhow::Error::from_boxed) };
    assert_eq!(sweep().await?, 1);
    assert_eq!(sweep().await?, 0, "the other one waits its turn");
    assert_eq!(scene.fake.seen.deleted.load(Ordering::SeqCst), 1);
    let gone: Vec<String> = sqlx::query_scalar(
        "SELECT recording_sid FROM prosaas.recordings WHERE provider_deleted_at IS NOT NULL",
    )
    .fetch_all(&scene.database.pool)
    .await?;
    assert_eq!(gone, ["RE1"]);
    Ok(())
}

#[tokio::test]
async fn recordings_are_fetched_and_deleted_with_whichever_of_two_tokens_twilio_takes() -> Result<()> {
    for (tokens, refused) in [(["secret", "old"], 0), (["new", "secret"], 1)] {
        let scene = Scene::with_tokens(&tokens, true).await?;
        for recording in ["RE1", "RE2"] {
            assert!(matches!(scene.available(recording).await?, Ok(Done::Applied)), "{tokens:?}");
        }
        let deleted = provider_delete::sweep(&scene.worker).await.map_err(anyhow::Error::from_boxed)?;
        assert_eq!((deleted, scene.fake.seen.deleted.load(Ordering::SeqCst)), (2, 2), "{tokens:?}");
        assert_eq!(
            scene.fake.seen.unauthorized.load(Ordering::SeqCst),
            refused,
            "the one that works is kept"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_recording_waits_while_twilio_takes_no_token() -> Result<()> {
    let scene = Scene::with_tokens(&["old", "older"], true).await?;
    assert!(matches!(scene.available("RE1").await?, Err(Failure::Retry { .. })));
    assert_eq!(scene.row("RE1").await?.map(|row| row.0).as_deref(), Some("processing"));
    assert_eq!(scene.fake.seen.unauthorized.load(Ordering::SeqCst), 2, "each was tried once");
    Ok(())
}

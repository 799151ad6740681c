//! Statuses that are applied together.

use prosaas_tests::random::Random;
use prosaas_workers::runtime::Job;
use serde_json::Value;

use super::*;

fn status(recording: &str, call: &str, status: RecordingProgress) -> Result<RecordingEvent> {
    Ok(RecordingEvent::Status(RecordingStatusV1 {
        recording_sid: recording.parse()?,
        call_sid: call.parse()?,
        account_sid: None,
        status,
        error_code: Some("31000".to_owned()),
    }))
}

/// How recordings stand, what is on record of each event, and what is told.
async fn written(scene: &Scene) -> Result<Value> {
    Ok(sqlx::query_scalar(
        "SELECT jsonb_build_object(
            'recordings', (SELECT jsonb_agg(to_jsonb(r) - ARRAY['updated_at', 'version'] ORDER BY r.recording_sid)
                           FROM prosaas.recordings r),
            'audit', (SELECT jsonb_agg(a.event_id ORDER BY a.event_id) FROM prosaas.audit_records a),
            'told', (SELECT jsonb_agg(o.payload::jsonb ->> 'subject' ORDER BY o.payload::jsonb ->> 'subject')
                     FROM prosaas.event_outbox o))",
    )
    .fetch_one(&scene.database.pool)
    .await?)
}

/// Any order, any repetition, any boundaries of batches: the same rows, one record for each event, and each failure is
/// told once.
#[tokio::test]
async fn boundaries_of_batches_change_nothing() -> Result<()> {
    use RecordingProgress::{Absent, Failed, InProgress};
    let mut random = Random::new(prosaas_tests::environment::seed()?);
    let mut first = None;
    for round in 0..20 {
        let scene = Scene::set(false).await?;
        let mut events = Vec::new();
        for (recording, call, ends) in [
            ("REa", "CA1", Absent),
            ("REb", "CA1", Failed),
            ("REc", "CA2", Failed),
            ("REd", "CA2", InProgress),
        ] {
            events.push((format!("{recording}-1"), status(recording, call, InProgress)?));
            events.push((format!("{recording}-2"), status(recording, call, ends)?));
            events.push((format!("{recording}-3"), status(recording, call, ends)?));
        }
        if round > 0 {
            let again = events.get(round % events.len()).cloned();
            events.extend(again);
            random.shuffle(&mut events);
        }
        let delivery = delivery();
        let metas: Vec<Meta> = events.iter().map(|(id, _)| meta(id)).collect();
        let mut jobs: Vec<_> = metas
            .iter()
            .zip(&events)
            .map(|(meta, (_, event))| Job { delivery: &delivery, meta, event })
            .collect();
        while !jobs.is_empty() {
            let most = if round == 0 { 1 } else { usize::try_from(random.between(1, 7))? };
            let rest = jobs.split_off(most.min(jobs.len()));
            scene.worker.handle_all(&jobs).await?;
            jobs = rest;
        }
        let found = written(&scene).await?;
        let wanted = first.get_or_insert_with(|| found.clone());
        assert!(&found == wanted, "round {round}: {found:#} instead of {wanted:#}");
    }
    Ok(())
}

/// Of a status that names another account nothing is written, nor of those beside it: the runtime finds it by halving.
#[tokio::test]
async fn a_forged_status_changes_nothing() -> Result<()> {
    let scene = Scene::set(false).await?;
    let good = status("REa", "CA1", RecordingProgress::Failed)?;
    let RecordingEvent::Status(mut data) = status("REb", "CA1", RecordingProgress::Failed)? else {
        anyhow::bail!("a status");
    };
    data.account_sid = Some("AC2".parse()?);
    let forged = RecordingEvent::Status(data);
    let delivery = delivery();
    let (one, two) = (meta("one"), meta("two"));
    let jobs = [
        Job { delivery: &delivery, meta: &one, event: &good },
        Job { delivery: &delivery, meta: &two, event: &forged },
    ];
    assert!(scene.worker.handle_all(&jobs).await.is_err());
    assert_eq!(scene.database.count("SELECT count(*) FROM prosaas.recordings").await?, 0);
    Ok(())
}

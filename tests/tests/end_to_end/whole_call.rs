//! A call from its first ring to its recording: one row, its history, one lead, the
//! audit trail; also in a database that is shared with the old system.

use prosaas_tests::{
    eventually::{SOON, becomes, eventually},
    fake_twilio,
    nats::holds,
    stack::{Options, Stack},
    twilio::{ACCOUNT, CALLER, NUMBER, call_sid, incoming_parameters, pairs, recording_sid},
};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

/// The old system's tables, in the schema that everybody has.
const FOREIGN: &str = "
    CREATE TABLE public.users (id serial PRIMARY KEY, email text UNIQUE NOT NULL);
    CREATE TABLE public.leads (id serial PRIMARY KEY, phone text, name text);
    INSERT INTO public.users (email) VALUES ('old@example.com');
    INSERT INTO public.leads (phone, name) VALUES ('+972000000077', 'old lead');";

#[tokio::test]
async fn one_call_becomes_one_row_one_recording_and_one_lead() -> anyhow::Result<()> {
    let stack = Stack::start_with(Options { prepare_database: Some(FOREIGN), ..Options::default() }).await?;
    let (twilio, call, recording) = (stack.twilio(), call_sid(), recording_sid());
    let audio = fake_twilio::audio(&recording, 300_000);
    stack.recordings.hold(&recording, audio.clone(), 1)?;

    let twiml = twilio.incoming(&call, CALLER, NUMBER).await?.twiml()?;
    assert!(twiml.contains("<Record") && twiml.contains("he-IL"), "{twiml}");
    // The end comes first, and twice; then the beginning, late.
    let completed = [("CallDuration", "31"), ("Timestamp", "Sun, 22 Nov 2026 10:00:31 +0000")];
    let statuses = [
        ("completed", 3, completed.as_slice()),
        ("completed", 3, completed.as_slice()),
        ("ringing", 1, &[("Timestamp", "Sun, 22 Nov 2026 10:00:00 +0000")]),
        ("in-progress", 2, &[("Timestamp", "Sun, 22 Nov 2026 10:00:05 +0000")]),
        ("ringing", 1, &[("Timestamp", "Sun, 22 Nov 2026 10:00:00 +0000")]),
    ];
    for (status, sequence, more) in statuses {
        assert_eq!(twilio.status(&call, status, sequence, more).await?.status, 204, "{status}");
    }
    for _ in 0..2 {
        let thanks = twilio.recording(&call, &recording, "completed").await?.twiml()?;
        assert!(thanks.contains("<Hangup"), "no endless loop: {thanks}");
    }

    becomes("history", SOON, 4, || stack.count("SELECT count(*) FROM prosaas.call_events")).await?;
    let row = sqlx::query(
        "SELECT count(*) OVER (), call_sid, status, duration_s, from_e164, lead_id IS NOT NULL, business_id
         FROM prosaas.calls",
    )
    .fetch_one(&stack.pool)
    .await?;
    assert_eq!(row.try_get::<i64, _>(0)?, 1, "one row");
    assert_eq!(row.try_get::<String, _>(1)?, call);
    assert_eq!(row.try_get::<String, _>(2)?, "completed", "a terminal status never goes back");
    assert_eq!(row.try_get::<i64, _>(3)?, 31);
    assert_eq!(row.try_get::<String, _>(4)?, CALLER);
    assert!(row.try_get::<bool, _>(5)?, "the caller is a lead");
    assert_eq!(row.try_get::<uuid::Uuid, _>(6)?, stack.business().await?.0);

    the_recording_is_kept(&stack, &recording, &audio).await?;
    the_trail_is_complete(&stack).await?;
    the_old_system_is_untouched(&stack).await?;
    stack.passed();
    Ok(())
}

async fn the_recording_is_kept(stack: &Stack, recording: &str, audio: &[u8]) -> anyhow::Result<()> {
    let row = eventually("the recording is complete", SOON, || async {
        let sql = "SELECT object_key, bytes, sha256, duration_s, channels FROM prosaas.recordings
                   WHERE recording_sid = $1 AND state = 'completed'";
        Ok(sqlx::query(sql).bind(recording).fetch_one(&stack.pool).await?)
    })
    .await?;
    let kept = std::fs::read(stack.scratch.path().join("recordings").join(row.try_get::<String, _>(0)?))?;
    assert_eq!(kept.len(), audio.len());
    assert!(kept == audio, "the object's bytes are Twilio's");
    assert_eq!(row.try_get::<i64, _>(1)?, i64::try_from(audio.len())?);
    assert_eq!(row.try_get::<Vec<u8>, _>(2)?, Sha256::digest(audio).to_vec());
    assert_eq!(row.try_get::<i64, _>(3)?, 7);
    assert_eq!(stack.count("SELECT count(*) FROM prosaas.recordings").await?, 1);
    let answers = stack.recordings.answers(recording);
    assert!(answers.contains(&404) && answers.contains(&200), "not ready at first: {answers:?}");
    assert!(!answers.contains(&401), "credentials go along from the first time: {answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "fetched once: {answers:?}");
    Ok(())
}

async fn the_trail_is_complete(stack: &Stack) -> anyhow::Result<()> {
    let leads = "SELECT count(*) FROM prosaas.leads l JOIN prosaas.lead_phones p ON p.lead_id = l.id
                 WHERE p.e164 = '+972000000077' AND l.name = 'דנה כהן' AND l.source = 'call'";
    assert_eq!(stack.count(leads).await?, 1, "one lead, by its number");
    assert_eq!(stack.count("SELECT count(*) FROM prosaas.leads").await?, 1);
    for (action, wanted) in
        [("call.incoming", 1), ("call.status", 3), ("lead.create", 1), ("recording.store", 1)]
    {
        let sql = "SELECT count(*) FROM prosaas.audit_records WHERE action = $1 AND business_id = $2";
        let found: i64 = sqlx::query_scalar(sql)
            .bind(action)
            .bind(stack.business().await?.0)
            .fetch_one(&stack.pool)
            .await?;
        assert_eq!(found, wanted, "audit records of {action}");
    }
    let marks = "SELECT count(*) FROM prosaas.processed_events WHERE consumer = 'calls'";
    assert_eq!(stack.count(marks).await?, 4, "incoming, ringing, in-progress, completed");
    let marks = "SELECT count(*) FROM prosaas.processed_events WHERE consumer = 'recordings'";
    assert_eq!(stack.count(marks).await?, 1);
    assert_eq!(stack.nats.messages("DEAD").await?, 0, "no dead letter");
    let logs = stack.scratch.all_logs()?;
    assert!(!logs.contains(CALLER.trim_start_matches('+')), "a caller's number is in a log");
    assert!(!logs.contains("דנה כהן"), "a caller's name is in a log");
    Ok(())
}

async fn the_old_system_is_untouched(stack: &Stack) -> anyhow::Result<()> {
    let users = "SELECT count(*) FROM public.users WHERE email = 'old@example.com'";
    assert_eq!(stack.count(users).await?, 1);
    assert_eq!(stack.count("SELECT count(*) FROM public.leads WHERE name = 'old lead'").await?, 1);
    let ours = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(stack.count(ours).await?, 2, "no table of ours stands among the old ones");
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'";
    assert_eq!(stack.count(columns).await?, 5);
    Ok(())
}

#[tokio::test]
async fn strangers_and_withheld_numbers_are_answered_and_kept() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (twilio, nobodys, withheld, own) = (stack.twilio(), call_sid(), call_sid(), call_sid());
    let polite = twilio.incoming(&nobodys, CALLER, "+972000000099").await?.twiml()?;
    assert!(polite.contains("<Say") && polite.contains("<Hangup") && !polite.contains("<Record"), "{polite}");
    twilio.incoming(&withheld, "anonymous", NUMBER).await?.twiml()?;
    twilio.incoming(&own, NUMBER, NUMBER).await?.twiml()?;
    let absent = recording_sid();
    twilio.recording(&withheld, &absent, "absent").await?.twiml()?;

    becomes("rows", SOON, 3, || stack.count("SELECT count(*) FROM prosaas.calls")).await?;
    let sql = "SELECT business_id IS NULL, lead_id IS NULL, from_raw, from_e164, answer
               FROM prosaas.calls WHERE call_sid = $1";
    let pool = &stack.pool;
    let read = |call: String| async move { sqlx::query(sql).bind(call).fetch_one(pool).await };
    let row = read(nobodys).await?;
    assert!(row.try_get::<bool, _>(0)?, "a number of nobody has no business");
    assert_eq!(row.try_get::<String, _>(4)?, "unknown_number");
    let row = read(withheld).await?;
    assert!(!row.try_get::<bool, _>(0)? && row.try_get::<bool, _>(1)?, "a withheld number is no lead");
    assert_eq!(row.try_get::<String, _>(2)?, "anonymous", "kept as sent");
    assert_eq!(row.try_get::<Option<String>, _>(3)?, None);
    assert!(read(own).await?.try_get::<bool, _>(1)?, "the business's own number is no lead");
    assert_eq!(stack.count("SELECT count(*) FROM prosaas.leads").await?, 0);
    let absent = "SELECT count(*) FROM prosaas.recordings WHERE state = 'absent' AND object_key IS NULL";
    becomes("an absent recording is a state", SOON, 1, || stack.count(absent)).await?;
    assert_eq!(stack.nats.messages("DEAD").await?, 0);
    stack.passed();
    Ok(())
}

/// Whoever forges a callback must not send the worker, with our credentials, elsewhere.
#[tokio::test]
async fn a_crafted_recording_address_is_never_asked() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let trap = fake_twilio::FakeTwilio::start().await?;
    let (call, recording) = (call_sid(), recording_sid());
    trap.hold(&recording, fake_twilio::audio(&recording, 1_000), 0)?;
    let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}", trap.base());
    let mut parameters = incoming_parameters(&call, CALLER, NUMBER);
    let more =
        [("RecordingSid", recording.as_str()), ("RecordingUrl", &url), ("RecordingStatus", "completed")];
    parameters.extend(pairs(&more));
    stack.twilio().post("/webhook/handle_recording", &parameters).await?.twiml()?;
    holds(&stack.nats, "DEAD", 1, SOON).await?;
    assert_eq!(stack.count("SELECT count(*) FROM prosaas.recordings WHERE state = 'completed'").await?, 0);
    assert_eq!(trap.answers(&recording), Vec::<u16>::new(), "the crafted address was asked");
    stack.passed();
    Ok(())
}

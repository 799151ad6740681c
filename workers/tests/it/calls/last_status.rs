//! A call whose last status never came.

use anyhow::Result;
use prosaas_events::call::CallStatus;
use prosaas_platform::clock;
use prosaas_tests::{
    fake_twilio::FakeTwilio,
    twilio::{ACCOUNT, TOKEN},
};
use prosaas_workers::{
    calls::{CallsWorker, last_status::LastStatus},
    runtime::{Policy, run},
    twilio::{Api, Twilio},
};
use secrecy::SecretString;
use serde_json::json;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{CALLER, NUMBER, applied, business, incoming, status};
use crate::support::{Database, Nats, eventually};

/// Lets so many minutes pass for every call.
async fn later(pool: &PgPool, minutes: i32) -> Result<()> {
    sqlx::query(
        "UPDATE prosaas.calls SET updated_at = updated_at - make_interval(mins => $1),
                                  status_ask_after = status_ask_after - make_interval(mins => $1)",
    )
    .bind(minutes)
    .execute(pool)
    .await?;
    Ok(())
}

#[tokio::test]
async fn twilio_is_asked_how_a_silent_call_ended() -> Result<()> {
    let (nats, database, twilio) =
        (Nats::start().await?, Database::migrated().await?, FakeTwilio::start().await?);
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    for (number, call) in ["CAended", "CAgone", "CAtalks", "CAdone"].into_iter().enumerate() {
        applied(pool, &format!("in{number}"), 0, &incoming(call, CALLER, NUMBER)?).await?;
    }
    applied(pool, "done", 1, &status("CAdone", CallStatus::Completed, 2)?).await?;
    sqlx::query("UPDATE prosaas.calls SET started_at = now()").execute(pool).await?;
    let resource = |status: &str| {
        json!({ "sid": "CAended", "status": status, "from": CALLER, "to": NUMBER, "direction": "inbound",
                "duration": "31", "end_time": "Sun, 22 Nov 2026 10:00:31 +0000", "parent_call_sid": null })
    };
    twilio.knows_call("CAended", resource("completed"))?;
    twilio.knows_call("CAtalks", resource("in-progress"))?;
    let api = Api { base: twilio.base().parse()?, account: ACCOUNT.parse()? };
    let asking = LastStatus {
        pool: pool.clone(),
        context: nats.bus.jetstream.clone(),
        twilio: Twilio::new(api, &[SecretString::from(TOKEN)])?,
        clock: clock::system(),
    };
    let sweep = || async { asking.sweep().await.map_err(anyhow::Error::from_boxed) };
    let stop = CancellationToken::new();
    let worker =
        tokio::spawn(run(CallsWorker::new(pool.clone()), nats.bus.clone(), Policy::quick(4), stop.clone()));

    assert_eq!(sweep().await?, 0, "they were heard of a moment ago");
    later(pool, 11).await?;
    twilio.suspend(true)?;
    assert!(sweep().await.is_err(), "Twilio refuses us");
    twilio.suspend(false)?;
    assert_eq!(sweep().await?, 0, "and is not asked at once again");
    let row = |call: &'static str| async move {
        let sql = "SELECT status, duration_s, missed, unknown, callback_needed FROM prosaas.calls WHERE call_sid = $1";
        let row: (String, Option<i64>, bool, bool, bool) =
            sqlx::query_as(sql).bind(call).fetch_one(pool).await?;
        anyhow::Ok(row)
    };
    // What a sweep tells is applied before the next: a call that is asked after twice is told of twice.
    later(pool, 6).await?;
    assert_eq!(sweep().await?, 1, "one had ended; that one is not known says little");
    let ended = ("completed".to_owned(), Some(31), true, false, true);
    eventually("it has ended", || async { Ok(row("CAended").await? == ended) }).await?;
    later(pool, 11).await?;
    assert_eq!(sweep().await?, 1, "it is still not known");
    let unknown = ("ringing".to_owned(), None, true, true, true);
    eventually("somebody calls back", || async { Ok(row("CAgone").await? == unknown) }).await?;
    let told = "SELECT count(*) FROM prosaas.event_outbox WHERE subject LIKE 'event.call.missed.%'";
    assert_eq!(database.count(told).await?, 3, "those two, and the one whose status came");

    // The one that goes on is asked after again, later each time; the others never again.
    assert_eq!(sweep().await?, 0);
    later(pool, 24 * 60).await?;
    twilio.knows_call("CAtalks", resource("no-answer"))?;
    assert_eq!(sweep().await?, 1);
    eventually("it has ended, too", || async { Ok(row("CAtalks").await?.0 == "no-answer") }).await?;
    later(pool, 48 * 60).await?;
    assert_eq!(sweep().await?, 0);

    // What Twilio has forgotten to end, and what is history.
    twilio.knows_call("CAstuck", resource("in-progress"))?;
    applied(pool, "stuck", 0, &incoming("CAstuck", CALLER, NUMBER)?).await?;
    applied(pool, "past", 0, &incoming("CApast", CALLER, NUMBER)?).await?;
    sqlx::query(
        "UPDATE prosaas.calls SET started_at = now() - interval '26 hours' WHERE call_sid = 'CAstuck'",
    )
    .execute(pool)
    .await?;
    later(pool, 11).await?;
    assert_eq!(sweep().await?, 1);
    eventually("nobody knows", || async { Ok(row("CAstuck").await?.3) }).await?;
    assert_eq!(twilio.answers("CApast"), Vec::<u16>::new());
    assert_eq!(twilio.answers("CAdone"), Vec::<u16>::new());
    assert_eq!(twilio.answers("CAgone"), [404, 404]);
    // What Twilio says after all holds.
    applied(pool, "late", 9, &status("CAgone", CallStatus::Completed, 3)?).await?;
    assert_eq!(row("CAgone").await?.0, "completed");
    stop.cancel();
    worker.await?;
    Ok(())
}

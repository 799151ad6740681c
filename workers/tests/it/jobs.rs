//! What has had its time goes, and nothing else.

use anyhow::{Context as _, Result};
use async_nats::jetstream::consumer::PullConsumer;
use chrono::{TimeDelta, Utc};
use futures_util::StreamExt as _;
use prosaas_events::subjects::{Stream, consumers};
use prosaas_platform::clock::{Clock as _, SystemClock};
use prosaas_workers::jobs::{empty_trash, forget_marks, forget_operations, purge};

use crate::support::{Database, Nats};

#[tokio::test]
async fn only_what_is_old_and_acknowledged_by_every_consumer_is_purged() -> Result<()> {
    let nats = Nats::start().await?;
    let (workers, now): (_, chrono::DateTime<Utc>) = (&nats.bus.jetstream, SystemClock.now());
    for n in 0..10 {
        nats.ops.publish(format!("call.status.CA{n}"), "x".into()).await?.await?;
    }
    let consumer: PullConsumer =
        nats.bus.jetstream.get_consumer_from_stream(consumers::CALLS, Stream::Calls.name()).await?;
    let mut messages = consumer.fetch().max_messages(7).messages().await?;
    while let Some(message) = messages.next().await {
        let message = message.map_err(anyhow::Error::from_boxed)?;
        message.double_ack().await.map_err(anyhow::Error::from_boxed)?;
    }
    let left = || async {
        let stream = nats.ops.get_stream(Stream::Calls.name()).await?;
        anyhow::Ok((stream.cached_info().state.messages, stream.cached_info().state.first_sequence))
    };
    let run = |now| async move {
        purge(workers, Stream::Calls.name(), now).await.map_err(anyhow::Error::from_boxed)
    };
    assert_eq!(run(now + TimeDelta::days(29)).await?, 0, "young events stay");
    assert_eq!(left().await?, (10, 1));
    assert_eq!(run(now + TimeDelta::days(31)).await?, 7, "what nobody has acknowledged stays");
    assert_eq!(left().await?, (3, 8));
    assert_eq!(run(now + TimeDelta::days(31)).await?, 0);
    nats.ops.publish("whatsapp.init.x", "x".into()).await?.await?;
    let unread = purge(workers, Stream::Whatsapp.name(), now + TimeDelta::days(400)).await;
    assert_eq!(unread.map_err(anyhow::Error::from_boxed)?, 0, "a stream that nobody reads keeps all");
    Ok(())
}

#[tokio::test]
async fn marks_are_kept_for_120_days() -> Result<()> {
    let database = Database::migrated().await?;
    sqlx::query(
        "INSERT INTO prosaas.processed_events (consumer, event_id, processed_at)
         SELECT 'calls', 'e' || n, now() - n * interval '1 day' FROM generate_series(1, 130) n",
    )
    .execute(&database.pool)
    .await?;
    let gone = forget_marks(&database.pool).await.context("the job")?;
    assert_eq!((gone, database.count("SELECT count(*) FROM prosaas.processed_events").await?), (11, 119));
    Ok(())
}

#[tokio::test]
async fn leads_leave_the_trash_after_30_days_and_their_calls_stay() -> Result<()> {
    let database = Database::migrated().await?;
    let run = |statement| sqlx::query(statement).execute(&database.pool);
    run("INSERT INTO prosaas.businesses (id, name) VALUES (gen_random_uuid(), 'Shop')").await?;
    run("INSERT INTO prosaas.leads (id, business_id, source, created_at, updated_at, deleted_at)
         SELECT gen_random_uuid(), b.id, 'call', now(), now(), now() - n * interval '1 day'
         FROM prosaas.businesses b, generate_series(27, 33) n")
    .await?;
    run("INSERT INTO prosaas.leads (id, business_id, source, created_at, updated_at)
         SELECT gen_random_uuid(), id, 'call', now() - interval '1 year', now() FROM prosaas.businesses")
    .await?;
    run("INSERT INTO prosaas.lead_phones (id, business_id, lead_id, raw, created_at)
         SELECT gen_random_uuid(), business_id, id, '1', now() FROM prosaas.leads")
    .await?;
    run("INSERT INTO prosaas.calls (call_sid, business_id, lead_id, started_at)
         SELECT 'CA' || id, business_id, id, now() FROM prosaas.leads")
    .await?;
    assert_eq!((empty_trash(&database.pool).await?, empty_trash(&database.pool).await?), (4, 0));
    for (query, left) in [
        ("SELECT count(*) FROM prosaas.leads", 4),
        ("SELECT count(*) FROM prosaas.lead_phones", 4),
        ("SELECT count(*) FROM prosaas.calls WHERE lead_id IS NOT NULL", 4),
        ("SELECT count(*) FROM prosaas.calls", 8),
        (
            "SELECT count(*) FROM prosaas.audit_records WHERE action = 'lead.purge' AND actor_name = 'system'",
            4,
        ),
    ] {
        assert_eq!(database.count(query).await?, left, "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn outcomes_of_commands_are_kept_for_a_week() -> Result<()> {
    let database = Database::migrated().await?;
    sqlx::query(
        "INSERT INTO prosaas.operations (id, action, entity_id, state, finished_at)
         SELECT gen_random_uuid(), 'x', gen_random_uuid(), 'succeeded', now() - n * interval '1 day'
         FROM generate_series(5, 8) n",
    )
    .execute(&database.pool)
    .await?;
    assert_eq!((forget_operations(&database.pool).await?, forget_operations(&database.pool).await?), (2, 0));
    Ok(())
}

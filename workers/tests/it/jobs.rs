//! What has had its time goes, and nothing else.

use anyhow::{Context as _, Result};
use async_nats::jetstream::consumer::PullConsumer;
use chrono::{TimeDelta, Utc};
use futures_util::StreamExt as _;
use prosaas_shared::{
    clock::{Clock as _, SystemClock},
    subjects::{Stream, consumers},
};
use prosaas_workers::jobs::{forget_marks, purge};

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
    let run =
        |now| async move { purge(workers, Stream::Calls, now).await.map_err(anyhow::Error::from_boxed) };
    assert_eq!(run(now + TimeDelta::days(29)).await?, 0, "young events stay");
    assert_eq!(left().await?, (10, 1));
    assert_eq!(run(now + TimeDelta::days(31)).await?, 7, "what nobody has acknowledged stays");
    assert_eq!(left().await?, (3, 8));
    assert_eq!(run(now + TimeDelta::days(31)).await?, 0);
    nats.ops.publish("whatsapp.init.x", "x".into()).await?.await?;
    let unread = purge(workers, Stream::Whatsapp, now + TimeDelta::days(400)).await;
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

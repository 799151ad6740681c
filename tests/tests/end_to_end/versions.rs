//! After a rollback programs run on what a newer release has left, as long as that release says
//! that they can; only who is too old for it is refused.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream::{self, stream::Config};
use prosaas_platform::{
    bus::definitions::{Definitions, OLDEST_COMPATIBLE_KEY, VERSION_KEY},
    store,
};
use prosaas_tests::{
    eventually::SOON,
    stack::{Options, Stack},
};

/// Versions of a release that is not written yet.
const SCHEMA: i64 = 9_999;
const STREAMS: i64 = 99;

/// What a newer release leaves in `CALLS`, which says whether anybody has changed it.
const WINDOW: Duration = Duration::from_secs(7);

/// A deployment that this release has set up; its programs do not run yet.
async fn set_up() -> anyhow::Result<(Stack, jetstream::Context)> {
    let stack = Stack::prepare(&Options::default()).await?;
    let (status, output) = stack.ops(&["setup"]).await?;
    anyhow::ensure!(status.success(), "{output}");
    let js = stack.nats.jetstream().await?;
    Ok((stack, js))
}

/// A migration that this release does not have.
async fn unknown_migration(stack: &Stack) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO prosaas._sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES ($1, 'of a newer release', true, 'x', 0)",
    )
    .bind(SCHEMA)
    .execute(&stack.pool)
    .await?;
    Ok(())
}

/// The tables as a newer release leaves them.
async fn newer_tables(stack: &Stack, oldest_compatible: i64) -> anyhow::Result<()> {
    unknown_migration(stack).await?;
    sqlx::query("UPDATE prosaas.schema_version SET version = $1, oldest_compatible = $2")
        .bind(SCHEMA)
        .bind(oldest_compatible)
        .execute(&stack.pool)
        .await?;
    Ok(())
}

async fn carried_by_tables(stack: &Stack) -> anyhow::Result<(i64, i64)> {
    let row = sqlx::query_as("SELECT version, oldest_compatible FROM prosaas.schema_version");
    Ok(row.fetch_one(&stack.pool).await?)
}

/// The streams as a newer release leaves them, of which it has updated one.
async fn newer_streams(js: &jetstream::Context, oldest_compatible: i64) -> anyhow::Result<()> {
    let mut newer = calls(js).await?;
    newer.metadata.insert(VERSION_KEY.to_owned(), STREAMS.to_string());
    newer.metadata.insert(OLDEST_COMPATIBLE_KEY.to_owned(), oldest_compatible.to_string());
    newer.duplicate_window = WINDOW;
    js.update_stream(&newer).await?;
    // The consumers of a stream say nothing of their own.
    js.get_stream("RECORDINGS").await?.delete_consumer("recordings").await?;
    Ok(())
}

async fn calls(js: &jetstream::Context) -> anyhow::Result<Config> {
    Ok(js.get_stream("CALLS").await?.cached_info().config.clone())
}

/// Nobody has brought the streams back to this release's definitions.
async fn streams_are_left_alone(js: &jetstream::Context) -> anyhow::Result<()> {
    let calls = calls(js).await?;
    assert_eq!(calls.duplicate_window, WINDOW);
    assert_eq!(calls.metadata.get(VERSION_KEY), Some(&STREAMS.to_string()));
    assert!(js.get_stream("RECORDINGS").await?.consumer_info("recordings").await.is_err());
    Ok(())
}

/// Every program that works on them ends, and says which versions meet.
async fn everybody_refuses(stack: &mut Stack, theirs: i64, mine: i64) -> anyhow::Result<()> {
    let told = |output: &str, who: &str| {
        for part in [format!("version {theirs}"), format!("has {mine}"), "start the newer release".to_owned()]
        {
            assert!(output.contains(&part), "{who} does not say {part:?}: {output}");
        }
    };
    // Dead letters lie in tables, events in streams; setup needs both.
    let of_tables = theirs == SCHEMA;
    for (arguments, refuses) in [
        (&["setup", "--wait", "3600"][..], true),
        (&["dead", "list"], of_tables),
        (&["events", "list", "CALLS"], !of_tables),
    ] {
        let (status, output) = stack.ops(arguments).await?;
        assert_eq!(status.code(), Some(i32::from(refuses)), "{arguments:?}: {output}");
        if refuses {
            told(&output, "prosaas-ops");
        }
    }
    stack.workers.start()?;
    let (status, output) = stack.workers.ended(SOON).await?;
    assert_eq!(status.code(), Some(1), "{output}");
    told(&output, "prosaas-workers");
    let (status, output) = stack.ingress.ends(SOON).await?;
    assert_eq!(status.code(), Some(1), "{output}");
    told(&output, "prosaas-ingress");
    let (_, output) = stack.ops(&["doctor"]).await?;
    told(&output, "the doctor");
    Ok(())
}

#[tokio::test]
async fn a_release_that_is_rolled_back_to_runs_and_leaves_all_as_it_is() -> anyhow::Result<()> {
    let (mut stack, js) = set_up().await?;
    let (tables, streams) = (store::ours()?.version, Definitions::embedded()?.version);
    assert_eq!(carried_by_tables(&stack).await?, (tables, store::ours()?.oldest_compatible));
    newer_tables(&stack, tables).await?;
    newer_streams(&js, streams).await?;

    let (status, output) = stack.ops(&["setup"]).await?;
    assert!(status.success(), "{output}");
    for (what, newer) in [("tables", SCHEMA), ("streams", STREAMS)] {
        let said = format!("{what}: left as a newer release made them (version {newer})");
        assert_eq!(output.matches(&said).count(), 1, "one line says so: {output}");
    }
    assert_eq!(carried_by_tables(&stack).await?, (SCHEMA, tables), "the newer release's mark stays");
    streams_are_left_alone(&js).await?;

    let (status, output) = stack.ops(&["doctor", "--json"]).await?;
    assert!(!status.success(), "there is no public address: {output}");
    for works in
        ["and a newer release's too, on which this one works", "(version 99), on which this one works"]
    {
        assert!(output.contains(works), "{output}");
    }
    // It must be there for /ready, which asks for every worker.
    js.get_stream("RECORDINGS")
        .await?
        .create_consumer(recordings_consumer()?)
        .await
        .context("the consumer that the test has deleted")?;
    stack.workers.start()?;
    stack.ingress.start().await?;
    stack.becomes_ready().await?;
    stack.passed();
    Ok(())
}

fn recordings_consumer() -> anyhow::Result<jetstream::consumer::pull::Config> {
    let definitions = Definitions::embedded()?;
    let consumers = definitions.streams.iter().flat_map(|stream| &stream.consumers);
    let found = consumers.into_iter().find(|consumer| consumer.name == "recordings");
    Ok(found.context("no such consumer")?.onto(jetstream::consumer::pull::Config::default()))
}

#[tokio::test]
async fn tables_that_this_release_is_too_old_for_are_refused() -> anyhow::Result<()> {
    let (mut stack, _) = set_up().await?;
    let mine = store::ours()?.version;
    newer_tables(&stack, mine + 1).await?;
    everybody_refuses(&mut stack, SCHEMA, mine).await?;
    assert_eq!(carried_by_tables(&stack).await?, (SCHEMA, mine + 1));
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn streams_that_this_release_is_too_old_for_are_refused() -> anyhow::Result<()> {
    let (mut stack, js) = set_up().await?;
    let mine = Definitions::embedded()?.version;
    newer_streams(&js, mine + 1).await?;
    everybody_refuses(&mut stack, STREAMS, mine).await?;
    streams_are_left_alone(&js).await?;
    stack.passed();
    Ok(())
}

/// Whoever applied it has not said that this release works on the outcome.
#[tokio::test]
async fn a_migration_of_nobody_s_is_refused() -> anyhow::Result<()> {
    let (stack, _) = set_up().await?;
    unknown_migration(&stack).await?;
    let (status, output) = stack.ops(&["setup"]).await?;
    assert_eq!(status.code(), Some(1), "{output}");
    assert!(output.contains(&SCHEMA.to_string()), "it is named: {output}");
    stack.passed();
    Ok(())
}

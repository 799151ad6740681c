//! `replays`: how far they have come, and what a restored database lacks.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use async_nats::HeaderMap;
use prosaas_domain::ids::LeadId;
use prosaas_events::crm::{
    CommandArgs,
    lead::{LeadChanges, LeadCreateV1, LeadDeleteV1, LeadFields, LeadRestoreV1, LeadUpdateV1},
};
use prosaas_platform::bus::Role;
use prosaas_workers::{
    live::Live,
    replays::{Runner, run as run_replays},
    runtime::{Policy, run as run_worker},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Answer, run};
use crate::{
    crm::{Crm, command},
    dead_letters::Filing,
    replays::World,
    support::{Nats, eventually},
};

async fn ops(world: &World, arguments: &[&str]) -> Result<Answer> {
    run(arguments, &world.database, &world.nats.url(Role::Ops)).await
}

#[tokio::test]
async fn a_replay_is_listed_and_followed_to_its_end() -> Result<()> {
    let world = World::start().await?;
    world.dead(4).await?;
    world.mend();
    // One of them fails again.
    world.fail(["e2".to_owned()]);
    let start = ["--json", "dead", "replay", "--worker", "calls", "--reason", "mended", "--yes", "--no-wait"];
    let started = ops(&world, &start).await?.json()?;
    let id = started["replay_id"].as_str().context("the replay")?.to_owned();
    let list = ops(&world, &["replays", "list"]).await?;
    assert!(list.out.starts_with("NUMBER") && list.out.contains(&id), "{}", list.out);
    assert!(list.out.contains("running") && list.out.contains("mended"), "{}", list.out);

    let (runner, task) = world.runner("one");
    let followed = ops(&world, &["replays", "follow", &id]).await?;
    assert_eq!(followed.code, 6, "one has failed again: {} {}", followed.out, followed.err);
    let last = followed.out.lines().last().unwrap_or_default();
    assert!(last.starts_with("1 event failed again"), "{last}");
    // How many lines come before it depends on how fast the worker was.
    let told = followed.out.lines().any(|line| line == "4/4 3 succeeded, 1 failed again");
    assert!(told, "plain lines: {}", followed.out);
    assert!(!followed.out.contains('\r'), "{:?}", followed.out);
    let json = ops(&world, &["--json", "replays", "follow", &id]).await?;
    assert_eq!((json.code, &json.json()?["counts"]["succeeded"]), (6, &3.into()));
    let list = ops(&world, &["--json", "replays", "list", "--limit", "1"]).await?.json()?;
    assert_eq!((&list[0]["state"], &list[0]["total"]), (&"finished".into(), &4.into()));
    assert_eq!(ops(&world, &["replays", "follow", "00000000-0000-0000-0000-000000000001"]).await?.code, 3);

    eventually("it is filed again", || async {
        Ok(world.in_state(prosaas_events::selection::State::New).await? == 1)
    })
    .await?;
    world.mend();
    let again = ["dead", "replay", "--worker", "calls", "--reason", "mended", "--yes"];
    let whole = ops(&world, &again).await?;
    assert_eq!(whole.code, 0, "{} {}", whole.out, whole.err);
    assert!(whole.out.contains("1/1 1 succeeded"), "{}", whole.out);
    assert_eq!(world.effects().get("e2"), Some(&1));
    runner.cancel();
    task.await?;
    world.end().await
}

const MISSING: [&str; 6] = ["events", "replay", "calls", "--missing", "--reason", "restored from backup"];

#[tokio::test]
async fn what_a_restored_database_has_no_mark_of_runs_and_nothing_else_does() -> Result<()> {
    let world = World::start().await?;
    world.dead(1).await?;
    for n in 1..5 {
        world.send(n).await?;
    }
    eventually("applied", || async { Ok(world.effects().len() == 4) }).await?;
    // As a backup knows it that is older than two of them.
    sqlx::query("DELETE FROM prosaas.processed_events WHERE event_id IN ('e2', 'e4')")
        .execute(world.pool())
        .await?;
    let (runner, task) = world.runner("one");
    eventually("all is acknowledged", || async {
        let looked = ops(&world, &[&MISSING[..], &["--dry-run"]].concat()).await?;
        Ok(looked.out == "2 events of CALLS without a mark\n1 dead letter left to `dead replay`\n")
    })
    .await?;
    let ran = ops(&world, &[&MISSING[..], &["--yes"]].concat()).await?;
    assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
    assert!(
        ran.out.contains("replay number 1, 2 events: ") && ran.out.contains("2/2 2 succeeded"),
        "{}",
        ran.out
    );
    let effects = world.effects();
    let runs: Vec<_> = (1..5).map(|n| effects[&format!("e{n}")]).collect();
    assert_eq!(runs, [1, 2, 1, 2]);
    assert_eq!(ops(&world, &[&MISSING[..], &["--yes"]].concat()).await?.code, 3, "nothing is missing now");
    runner.cancel();
    task.await?;
    world.end().await
}

async fn send(crm: &Crm, nats: &Nats, id: &str, args: impl CommandArgs) -> Result<()> {
    let sent = command(id, crm.agent, Some(crm.business), args)?;
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", sent.id.as_str());
    nats.ops.publish_with_headers(sent.subject, headers, sent.payload.into()).await?.await?;
    let done = || marked(crm, id);
    eventually("the command is applied", done).await
}

async fn marked(crm: &Crm, id: &str) -> Result<bool> {
    let query =
        "SELECT EXISTS (SELECT FROM prosaas.processed_events WHERE consumer = 'crm' AND event_id = $1)";
    Ok(sqlx::query_scalar(query).bind(id).fetch_one(crm.pool()).await?)
}

#[tokio::test]
async fn after_a_restore_what_people_asked_for_since_the_backup_is_done_in_order() -> Result<()> {
    let nats = Nats::start().await?;
    let crm = Crm::on(nats.bus.jetstream.clone(), Live::silent()).await?;
    let stop = CancellationToken::new();
    let worker =
        tokio::spawn(run_worker(crm.worker.clone(), nats.bus.clone(), Policy::quick(8), stop.clone()));
    let runner = Runner {
        pool: crm.pool().clone(),
        context: nats.bus.jetstream.clone(),
        live: Live::silent(),
        process: Arc::from("one"),
        wake: Arc::default(),
    };
    let replays = tokio::spawn(run_replays(runner, stop.clone()));
    let filing = Filing::start(&nats, crm.pool());
    let lead_id = LeadId(Uuid::now_v7());
    let named = |name: &str| LeadFields { name: Some(name.to_owned()), ..LeadFields::default() };
    send(&crm, &nats, "before", LeadCreateV1 { lead_id: LeadId(Uuid::now_v7()), fields: named("Noa") })
        .await?;
    send(&crm, &nats, "create", LeadCreateV1 { lead_id, fields: named("Dana") }).await?;
    for (id, version, name) in [("rename", 1, "Dana Levi"), ("again", 2, "Dana Cohen")] {
        let changes = LeadChanges { name: Some(Some(name.to_owned())), ..LeadChanges::default() };
        send(&crm, &nats, id, LeadUpdateV1 { lead_id, expected_version: version, changes }).await?;
    }
    send(&crm, &nats, "delete", LeadDeleteV1 { lead_id }).await?;
    send(&crm, &nats, "restore", LeadRestoreV1 { lead_id }).await?;

    // The backup is of the moment after the first command.
    for statement in [
        "DELETE FROM prosaas.processed_events WHERE event_id <> 'before'",
        "DELETE FROM prosaas.operations",
        "DELETE FROM prosaas.leads WHERE name <> 'Noa'",
        "ALTER TABLE prosaas.audit_records DISABLE TRIGGER ALL",
        "DELETE FROM prosaas.audit_records WHERE event_id <> 'before'",
        "ALTER TABLE prosaas.audit_records ENABLE TRIGGER ALL",
    ] {
        sqlx::query(statement).execute(crm.pool()).await?;
    }
    let cli = |more: &'static [&'static str]| {
        let asked =
            [&["events", "replay", "crm", "--reason", "restored from backup", "--yes"][..], more].concat();
        let (database, nats) = (&crm.database, nats.url(Role::Ops));
        async move { run(&asked, database, &nats).await }
    };
    assert_eq!(cli(&["--succeeded"]).await?.code, 4, "commands never run twice");
    let ran = cli(&["--missing"]).await?;
    assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("5 events of CRM without a mark"), "{}", ran.out);
    let lead: (String, i64, bool) =
        sqlx::query_as("SELECT name, version, deleted_at IS NULL FROM prosaas.leads WHERE id = $1")
            .bind(lead_id.0)
            .fetch_one(crm.pool())
            .await?;
    assert_eq!(lead, ("Dana Cohen".to_owned(), 5, true));
    assert_eq!(crm.database.count("SELECT count(*) FROM prosaas.leads").await?, 2, "the first came once");
    assert_eq!(crm.database.count("SELECT count(*) FROM prosaas.operations WHERE problem IS NULL").await?, 5);
    assert_eq!(cli(&["--missing"]).await?.code, 3, "nothing is missing now");
    stop.cancel();
    worker.await?;
    replays.await?;
    filing.stop().await?;
    Ok(())
}

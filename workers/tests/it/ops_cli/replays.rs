//! `replays`: how far they have come.

use anyhow::{Context as _, Result};
use prosaas_platform::bus::Role;

use super::{Answer, run};
use crate::{replays::World, support::eventually};

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
    assert!(last.starts_with("4/4 succeeded 3, failed 1"), "plain lines, where there is no terminal: {last}");
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
    assert!(whole.out.contains("1/1 succeeded 1"), "{}", whole.out);
    assert_eq!(world.effects().get("e2"), Some(&1));
    runner.cancel();
    task.await?;
    world.end().await
}

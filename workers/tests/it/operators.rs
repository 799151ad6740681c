//! Operators' commands as the API publishes them, carried out by the workers.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use prosaas_dead_letters::list;
use prosaas_domain::ids::{BatchId, OperationId, ReplayId, UserId};
use prosaas_events::{
    crm::CommandArgs,
    ops::{DeadLetterDiscardV1, ReplayCancelV1, ReplayStartV1, WorkerPauseV1, WorkerResumeV1},
    selection::State,
};
use prosaas_workers::{
    crm::projector::Projector,
    live::Live,
    operators::{OpsWorker, Pauses},
    runtime::{Policy, run},
};
use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    crm::{business, command, person},
    replays::{World, everything},
    support::eventually,
};

/// A world with the worker of the stream OPS, and whoever it wakes.
struct Office {
    world: World,
    root: UserId,
    owner: UserId,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Office {
    async fn open() -> Result<Self> {
        let world = World::start().await?;
        let (pool, bus) = (world.pool().clone(), world.nats.bus.clone());
        let shop = business(&pool).await?;
        let root = person(&pool, None, "system_admin", "root@example.com").await?;
        let owner = person(&pool, Some(shop), "owner", "owner@example.com").await?;
        let (replays, pauses) = (Arc::<Notify>::default(), Arc::<Notify>::default());
        let projector = Projector::new(pool.clone(), bus.jetstream.clone());
        let worker = OpsWorker::new(pool.clone(), projector, Live::silent(), replays.clone(), pauses.clone());
        let pauses = Pauses { pool, context: bus.jetstream.clone(), wake: pauses };
        let (stop, runner) = world.runner_woken("one", replays);
        let tasks = vec![
            tokio::spawn(run(worker, bus, Policy::quick(2), stop.clone())),
            tokio::spawn(pauses.run(stop.clone())),
            runner,
        ];
        Ok(Self { world, root, owner, stop, tasks })
    }

    /// Publishes a command, twice as a retry would, and waits for its outcome.
    async fn ask(&self, actor: UserId, args: impl CommandArgs) -> Result<(Option<Value>, Option<Value>)> {
        let sent = command(&Uuid::new_v4().to_string(), actor, None, args)?;
        for _ in 0..2 {
            let payload = sent.payload.clone().into();
            self.world.nats.ops.publish(sent.subject.clone(), payload).await?.await?;
        }
        eventually("the operation has its outcome", || async {
            Ok(self.outcome(sent.operation).await?.is_some())
        })
        .await?;
        self.outcome(sent.operation).await?.context("the operation")
    }

    async fn outcome(&self, operation: OperationId) -> Result<Option<(Option<Value>, Option<Value>)>> {
        Ok(sqlx::query_as("SELECT result, problem FROM prosaas.operations WHERE id = $1")
            .bind(operation.0)
            .fetch_optional(self.world.pool())
            .await?)
    }

    /// The result, of a command that was applied.
    async fn done(&self, args: impl CommandArgs) -> Result<Value> {
        let (result, problem) = self.ask(self.root, args).await?;
        result.with_context(|| format!("{problem:?}"))
    }

    /// The kind of problem, of one that was refused.
    async fn refused(&self, actor: UserId, args: impl CommandArgs) -> Result<String> {
        let (result, problem) = self.ask(actor, args).await?;
        let problem = problem.with_context(|| format!("{result:?}"))?;
        let kind = problem.get("type").and_then(Value::as_str);
        Ok(kind.context("its type")?.to_owned())
    }

    /// Actions on record with the person who asked.
    async fn records(&self) -> Result<Vec<(String, Option<Uuid>)>> {
        Ok(sqlx::query_as("SELECT action, actor_id FROM prosaas.audit_records ORDER BY at, id")
            .fetch_all(self.world.pool())
            .await?)
    }

    async fn close(self) -> Result<()> {
        self.stop.cancel();
        for task in self.tasks {
            task.await?;
        }
        self.world.end().await
    }
}

fn start(expected_count: i64) -> ReplayStartV1 {
    ReplayStartV1 {
        replay_id: ReplayId(Uuid::now_v7()),
        selection: everything(),
        expected_count,
        reason: "mended".to_owned(),
        rate: 1000,
    }
}

#[tokio::test]
async fn dead_letters_are_replayed_and_discarded_by_commands() -> Result<()> {
    let office = Office::open().await?;
    office.world.dead(5).await?;
    office.world.mend();
    office.world.fail(["e4".to_owned()]);
    assert_eq!(office.refused(office.owner, start(5)).await?, "/problems/forbidden");
    assert_eq!(office.refused(office.root, start(6)).await?, "/problems/count-changed");
    assert!(office.records().await?.is_empty(), "what is refused is no action");

    let command = start(5);
    let replay = command.replay_id;
    assert_eq!(office.done(command).await?["count"], 5);
    let ended = office.world.ended(replay).await?;
    assert_eq!((ended.counts.succeeded, ended.counts.failed), (4, 1), "{ended:?}");
    assert_eq!(ended.requested_by, "the system_admin");
    assert!(office.world.effects().values().all(|count| *count == 1), "{:?}", office.world.effects());
    let cancel = ReplayCancelV1 { replay_id: replay, reason: "too late".to_owned() };
    assert_eq!(office.refused(office.root, cancel).await?, "/problems/replay-ended");

    eventually("one is dead again", || async { Ok(office.world.in_state(State::New).await? == 1) }).await?;
    let counted = list::count(office.world.pool(), everything()).await?;
    let discard = |expected_count| DeadLetterDiscardV1 {
        batch_id: BatchId(Uuid::now_v7()),
        selection: counted.selection.clone(),
        expected_count,
        reason: "agreed with the owner".to_owned(),
    };
    assert_eq!(office.refused(office.root, discard(2)).await?, "/problems/count-changed");
    assert_eq!(office.refused(office.owner, discard(1)).await?, "/problems/forbidden");
    assert_eq!(office.done(discard(1)).await?, json!({ "discarded": 1 }));
    assert_eq!(office.world.in_state(State::Discarded).await?, 1);
    let root = Some(office.root.0);
    let wanted = [("replay.start".to_owned(), root), ("dead_letter.discard".to_owned(), root)];
    assert_eq!(office.records().await?, wanted, "each once, though each command came twice");
    office.close().await
}

#[tokio::test]
async fn workers_are_paused_and_go_on_by_commands() -> Result<()> {
    let office = Office::open().await?;
    let pause = |worker: &str| WorkerPauseV1 {
        worker: worker.to_owned(),
        minutes: Some(30),
        reason: "an incident".to_owned(),
    };
    let resume = || WorkerResumeV1 { worker: "calls".to_owned(), reason: "over".to_owned() };
    let paused = || async {
        let stream = office.world.nats.ops.get_stream("CALLS").await?;
        anyhow::Ok(stream.consumer_info("calls").await?.paused)
    };
    assert_eq!(office.refused(office.owner, pause("calls")).await?, "/problems/forbidden");
    assert_eq!(office.refused(office.root, pause("ops")).await?, "/problems/not-pausable");
    assert_eq!(office.refused(office.root, pause("nobody")).await?, "/problems/not-found");
    assert!(!paused().await?);
    assert_eq!(office.done(pause("calls")).await?, json!({ "paused": true }));
    eventually("the consumer is paused", paused).await?;
    assert_eq!(office.done(resume()).await?, json!({ "paused": false }));
    eventually("the consumer goes on", || async { Ok(!paused().await?) }).await?;
    let root = Some(office.root.0);
    let wanted = [("worker.pause".to_owned(), root), ("worker.resume".to_owned(), root)];
    assert_eq!(office.records().await?, wanted);
    office.close().await
}

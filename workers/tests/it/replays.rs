//! Replays: each event once in effect, whatever is killed and however often it is asked.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context as _, Result};
use prosaas_dead_letters::{list, read, replays as shown, replays::Replay};
use prosaas_domain::ids::ReplayId;
use prosaas_events::{
    CloudEvent, DecodeError,
    call::CallStatusV1,
    selection::{DeadLetterFilter, Selection, State},
    subjects::{Stream, consumers},
};
use prosaas_platform::bus;
use prosaas_workers::{
    crm::refusal::Stop,
    live::Live,
    operators::{Pauses, set_pause},
    replays::{
        NewReplay, Runner, Started, StreamEvent, Why, cancel, run as run_replays, start, start_events,
    },
    runtime::{Delivery, Done, Failure, Mark, Meta, Policy, Worker, mark_processed, run},
};
use serde_json::json;
use sqlx::PgPool;
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    dead_letters::{Filing, event},
    support::{Database, Nats, eventually},
};

/// A worker whose events fail while they are told to, and whose effects are counted.
#[derive(Clone)]
struct Fickle {
    pool: PgPool,
    failing: Arc<Mutex<HashSet<String>>>,
    effects: Arc<Mutex<HashMap<String, u32>>>,
}

impl Worker for Fickle {
    type Event = ();

    fn stream(&self) -> &'static str {
        Stream::Calls.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::CALLS
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, ()), DecodeError> {
        Ok((Meta::split(CloudEvent::<CallStatusV1>::decode(bytes)?).0, ()))
    }

    async fn handle(&self, _: &Delivery, meta: &Meta, (): &()) -> Result<Done, Failure> {
        if self.failing.lock().unwrap_or_else(PoisonError::into_inner).contains(&meta.id) {
            return Err(Failure::fail("told to"));
        }
        let mut transaction = self.pool.begin().await?;
        if mark_processed(&mut transaction, consumers::CALLS, &meta.key()).await? == Mark::Known {
            return Ok(Done::AlreadyApplied);
        }
        transaction.commit().await?;
        *self.effects.lock().unwrap_or_else(PoisonError::into_inner).entry(meta.id.clone()).or_default() += 1;
        Ok(Done::Applied)
    }

    async fn ready(&self) -> bool {
        true
    }
}

/// Everything that a replay needs.
pub struct World {
    pub nats: Nats,
    pub database: Database,
    worker: Fickle,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    filing: Option<Filing>,
}

impl World {
    pub async fn start() -> Result<Self> {
        let (nats, database) = (Nats::start().await?, Database::migrated().await?);
        let stop = CancellationToken::new();
        let worker = Fickle { pool: database.pool.clone(), failing: Arc::default(), effects: Arc::default() };
        let policy = Policy { max_attempts: 1, ..Policy::quick(8) };
        let tasks = vec![tokio::spawn(run(worker.clone(), nats.bus.clone(), policy, stop.clone()))];
        let filing = Some(Filing::start(&nats, &database.pool));
        Ok(Self { nats, database, worker, stop, tasks, filing })
    }

    pub fn pool(&self) -> &PgPool {
        &self.database.pool
    }

    /// Whoever runs replays, until the token is cancelled.
    pub fn runner(&self, name: &str) -> (CancellationToken, JoinHandle<()>) {
        self.runner_woken(name, Arc::default())
    }

    /// The same, which hears of new replays by that.
    pub fn runner_woken(&self, name: &str, wake: Arc<Notify>) -> (CancellationToken, JoinHandle<()>) {
        let stop = CancellationToken::new();
        let runner = Runner {
            pool: self.pool().clone(),
            context: self.nats.bus.jetstream.clone(),
            live: Live::silent(),
            process: Arc::from(name),
            wake,
        };
        (stop.clone(), tokio::spawn(run_replays(runner, stop)))
    }

    pub fn fail(&self, ids: impl IntoIterator<Item = String>) {
        self.worker.failing.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }

    pub fn mend(&self) {
        self.worker.failing.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub fn effects(&self) -> HashMap<String, u32> {
        self.worker.effects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn send(&self, n: usize) -> Result<()> {
        let payload = event(&format!("e{n}"), &format!("CA{n}"));
        self.nats.ops.publish(format!("call.status.CA{n}"), payload.into()).await?.await?;
        Ok(())
    }

    /// So many dead letters.
    pub async fn dead(&self, count: usize) -> Result<()> {
        self.fail((0..count).map(|n| format!("e{n}")));
        for n in 0..count {
            self.send(n).await?;
        }
        let wanted = i64::try_from(count)?;
        eventually("all are filed", || async { Ok(self.in_state(State::New).await? == wanted) }).await
    }

    pub async fn in_state(&self, state: State) -> Result<i64> {
        let query = "SELECT count(*) FROM prosaas.dead_letters WHERE state = $1";
        Ok(sqlx::query_scalar(query).bind(state.as_str()).fetch_one(self.pool()).await?)
    }

    async fn replay(
        &self,
        selection: Selection,
        expected: i64,
        rate: u32,
    ) -> Result<(ReplayId, Started), Stop> {
        let id = ReplayId(Uuid::now_v7());
        let new = NewReplay { id, reason: "the bug is mended", rate, by: None, by_name: "a test" };
        let mut transaction = self.pool().begin().await?;
        let started = start(&mut transaction, &new, &selection, expected).await?;
        transaction.commit().await?;
        Ok((id, started))
    }

    pub async fn read(&self, id: ReplayId) -> Result<Replay> {
        shown::read(self.pool(), id.0).await?.context("the replay")
    }

    pub async fn ended(&self, id: ReplayId) -> Result<Replay> {
        eventually("the replay has ended", || async { Ok(self.read(id).await?.finished_at.is_some()) })
            .await?;
        self.read(id).await
    }

    pub async fn end(mut self) -> Result<()> {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            task.await?;
        }
        if let Some(filing) = self.filing.take() {
            filing.stop().await?;
        }
        Ok(())
    }
}

pub fn everything() -> Selection {
    Selection::Filter(DeadLetterFilter::default())
}

fn refused<T>(outcome: Result<T, Stop>) -> &'static str {
    match outcome {
        Err(Stop::Refused(refusal)) => refusal.kind,
        _ => "",
    }
}

fn made<T>(outcome: Result<T, Stop>) -> Result<T> {
    outcome.map_err(|stop| anyhow::anyhow!("{stop:?}"))
}

#[tokio::test]
async fn what_is_dead_runs_again_once_and_what_fails_again_is_dead_again() -> Result<()> {
    let world = World::start().await?;
    world.dead(20).await?;
    let counted = list::count(world.pool(), everything()).await?;
    assert_eq!(counted.count, 20);
    assert_eq!(refused(world.replay(counted.selection.clone(), 19, 50).await), "/problems/count-changed");
    assert_eq!(
        world.database.count("SELECT count(*) FROM prosaas.replay_jobs").await?,
        0,
        "nothing is left of it"
    );

    world.mend();
    world.fail(["e7".to_owned()]);
    // One has half succeeded: its effect is there, and nobody heard of it.
    sqlx::query("INSERT INTO prosaas.processed_events (consumer, event_id) VALUES ('calls', 'e3')")
        .execute(world.pool())
        .await?;
    let (runner, task) = world.runner("one");
    // Asked for twice: whatever the first takes, the second skips.
    let (id, _) = made(world.replay(counted.selection.clone(), 20, 1000).await)?;
    let (twin, _) = made(world.replay(counted.selection, 20, 1000).await)?;
    let (replay, twin) = (world.ended(id).await?, world.ended(twin).await?);
    let sum = |count: fn(&shown::ReplayCounts) -> i64| count(&replay.counts) + count(&twin.counts);
    assert_eq!(sum(|c| c.succeeded), 18, "{replay:?} {twin:?}");
    assert!(sum(|c| c.failed) >= 1 && sum(|c| c.already_applied) >= 1);
    assert_eq!(replay.counts.settled() + twin.counts.settled(), 40);
    let effects = world.effects();
    assert_eq!(effects.len(), 18, "all but the applied one and the failing one");
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
    assert_eq!((world.in_state(State::Replayed).await?, world.in_state(State::New).await?), (19, 1));

    let open = DeadLetterFilter { state: Some(State::New), ..DeadLetterFilter::default() };
    let items = list::page(world.pool(), &open, None, 10).await?;
    let letter = read::letter(world.pool(), items[0].id, false).await?.context("the letter")?;
    assert_eq!(letter.event_id.as_deref(), Some("e7"));
    assert!(letter.item.replays >= 1 && !letter.replay_ids.is_empty());
    assert_eq!(letter.attempt_log.first().map(|a| a.replay), Some(0));
    assert_eq!(letter.attempt_log.last().map(|a| a.replay), Some(letter.item.replays));
    // Mended now, it runs at last: the same event under a new message id.
    world.mend();
    let (id, _) = made(world.replay(Selection::Ids(vec![items[0].id]), 1, 50).await)?;
    assert_eq!(world.ended(id).await?.counts.succeeded, 1);
    assert_eq!(world.effects().get("e7"), Some(&1));
    runner.cancel();
    task.await?;
    world.end().await
}

#[tokio::test]
async fn another_process_goes_on_where_one_was_killed() -> Result<()> {
    let world = World::start().await?;
    world.dead(61).await?;
    world.mend();
    let mut letters: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM prosaas.dead_letters").fetch_all(world.pool()).await?;
    let other = letters.split_off(60);
    // So slow that it is far from its end when it is killed, however busy the machine is.
    let (id, _) = made(world.replay(Selection::Ids(letters), 60, 1).await)?;
    let (_, killed) = world.runner("killed");
    eventually("some are done", || async { Ok(world.read(id).await?.counts.succeeded >= 4) }).await?;
    // No farewell: its lease stays, and what it had claimed is nobody's.
    killed.abort();
    let _ = killed.await;
    sqlx::query(
        "UPDATE prosaas.replay_items SET result = 'claimed', published_at = NULL
         WHERE job_id = $1 AND position IN (SELECT position FROM prosaas.replay_items
                                            WHERE job_id = $1 AND result = 'succeeded' LIMIT 3)",
    )
    .bind(id.0)
    .execute(world.pool())
    .await?;
    sqlx::query(
        "UPDATE prosaas.replay_jobs SET lease_until = now() + interval '1 hour', rate = 50, published = 0",
    )
    .execute(world.pool())
    .await?;
    let (runner, task) = world.runner("next");
    // It takes the oldest that nobody holds: a younger one that it runs to its end passes by that.
    let (younger, _) = made(world.replay(Selection::Ids(other), 1, 50).await)?;
    assert_eq!(world.ended(younger).await?.counts.succeeded, 1);
    let held: Option<String> =
        sqlx::query_scalar("SELECT lease_owner FROM prosaas.replay_jobs WHERE id = $1")
            .bind(id.0)
            .fetch_one(world.pool())
            .await?;
    assert_eq!(held.as_deref(), Some("killed"), "the lease holds until it runs out");
    sqlx::query("UPDATE prosaas.replay_jobs SET lease_until = now()").execute(world.pool()).await?;
    let replay = world.ended(id).await?;
    assert_eq!((replay.counts.succeeded, replay.state.as_str()), (60, "finished"), "{replay:?}");
    let effects = world.effects();
    assert!(effects.len() == 61 && effects.values().all(|count| *count == 1), "{effects:?}");
    runner.cancel();
    task.await?;
    world.end().await
}

#[tokio::test]
async fn the_rate_is_kept_and_a_cancelled_replay_publishes_no_more() -> Result<()> {
    let world = World::start().await?;
    world.dead(30).await?;
    world.mend();
    let (runner, task) = world.runner("one");
    // One a second: half a minute is left when some are done, however busy the machine is.
    let began = Instant::now();
    let (id, _) = made(world.replay(everything(), 30, 1).await)?;
    eventually("some are done", || async { Ok(world.effects().len() >= 4) }).await?;
    let (done, seconds) = (world.effects().len(), began.elapsed().as_secs());
    assert!(done <= usize::try_from(seconds + 2)?, "one a second for {seconds} seconds: {done}");
    let mut transaction = world.pool().begin().await?;
    let cancelled = made(cancel(&mut transaction, id).await)?;
    transaction.commit().await?;
    let replay = world.ended(id).await?;
    assert_eq!((replay.state.as_str(), replay.counts.cancelled), ("cancelled", cancelled));
    assert_eq!(replay.counts.succeeded + replay.counts.cancelled, 30);
    assert_eq!(world.in_state(State::New).await?, cancelled, "they wait for a person as before");
    let mut transaction = world.pool().begin().await?;
    assert_eq!(refused(cancel(&mut transaction, id).await), "/problems/replay-ended");
    runner.cancel();
    task.await?;
    world.end().await
}

#[tokio::test]
async fn what_had_succeeded_runs_again_only_as_history() -> Result<()> {
    let world = World::start().await?;
    for n in 0..5 {
        world.send(n).await?;
    }
    eventually("applied", || async { Ok(world.effects().len() == 5) }).await?;
    let events: Vec<_> = (0..5).map(|n| StreamEvent { sequence: n + 1, event_id: format!("e{n}") }).collect();
    world.fail(["e4".to_owned()]);
    let (runner, task) = world.runner("one");
    let again = || async {
        let id = ReplayId(Uuid::now_v7());
        let new = NewReplay { id, reason: "rows were lost", rate: 100, by: None, by_name: "a test" };
        let mut transaction = world.pool().begin().await?;
        made(start_events(&mut transaction, &new, Why::History, "calls", "CALLS", json!({}), &events).await)?;
        transaction.commit().await?;
        world.ended(id).await
    };
    let replay = again().await?;
    assert_eq!((replay.counts.succeeded, replay.counts.failed), (4, 1), "{replay:?}");
    assert_eq!(world.effects().get("e0"), Some(&2), "once, and once more because somebody asked");
    // The one that failed is a dead letter, whose replay is of the second run.
    world.mend();
    let (id, _) = made(world.replay(everything(), 1, 100).await)?;
    assert_eq!(world.ended(id).await?.counts.succeeded, 1);
    assert_eq!(world.effects().get("e4"), Some(&2));
    assert_eq!(again().await?.counts.succeeded, 5);
    assert_eq!(world.effects().get("e4"), Some(&3));
    runner.cancel();
    task.await?;
    world.end().await
}

/// The worker asks for events, one is there, and the server hands it out to nobody.
async fn nothing_is_delivered(world: &World) -> Result<()> {
    eventually("the worker asks", || async {
        let stream = world.nats.ops.get_stream(Stream::Calls.name()).await?;
        let info = stream.consumer_info(consumers::CALLS).await?;
        Ok(info.paused && info.num_waiting > 0 && info.num_pending == 1 && info.num_ack_pending == 0)
    })
    .await?;
    assert_eq!(world.effects().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_paused_worker_gets_nothing_until_it_goes_on() -> Result<()> {
    let world = World::start().await?;
    let pauses = Pauses {
        pool: world.pool().clone(),
        context: world.nats.bus.jetstream.clone(),
        wake: Arc::default(),
    };
    let change = |pause: Option<Option<u32>>| {
        let pauses = pauses.clone();
        async move {
            let mut transaction = pauses.pool.begin().await?;
            let was = made(set_pause(&mut transaction, "calls", pause, "an incident", "a test").await)?;
            transaction.commit().await?;
            pauses.apply(false).await.map_err(anyhow::Error::from_boxed)?;
            anyhow::Ok(was)
        }
    };
    world.send(1).await?;
    eventually("it works", || async { Ok(world.effects().len() == 1) }).await?;
    assert!(!change(Some(None)).await?);
    world.send(2).await?;
    nothing_is_delivered(&world).await?;
    // Set-up keeps the pause.
    bus::reconcile::apply(&world.nats.ops, bus::definitions::DEFAULT_STORE_BYTES).await?;
    nothing_is_delivered(&world).await?;
    assert!(change(None).await?);
    eventually("it goes on", || async { Ok(world.effects().len() == 2) }).await?;
    let mut transaction = world.pool().begin().await?;
    for (worker, kind) in [
        ("ops", "/problems/not-pausable"),
        ("advisories", "/problems/not-pausable"),
        ("nobody", "/problems/not-found"),
    ] {
        assert_eq!(
            refused(set_pause(&mut transaction, worker, Some(None), "r", "b").await),
            kind,
            "{worker}"
        );
    }
    world.end().await
}

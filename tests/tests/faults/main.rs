//! The fault suite: under steady signed traffic processes are killed, stopped and cut
//! off, disks are filled, and handlers fail, panic and hang, as Twilio does. At the end
//! every acknowledged call and recording has exactly one effect or exactly one dead letter;
//! replayed, each has its effect, and every version that was committed is told once.
//!
//! The faults and the traffic follow from a seed, which is printed: `PROSAAS_FAULT_SEED`, or that
//! of all tests. `PROSAAS_FAULT_MINUTES` (1 when absent) and `PROSAAS_FAULT_COUNT` (at least so
//! many faults, 15 when absent: each kind once) make it long: 20 minutes and 150 faults.

mod accountant;
mod fault;
mod told;
mod traffic;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use accountant::{Accountant, Balance};
use fault::Fault;
use prosaas_platform::config::Env;
use prosaas_tests::{
    environment,
    eventually::eventually,
    load::Busy,
    random::Random,
    stack::{Options, Stack},
};
use tokio_util::sync::CancellationToken;
use told::Told;
use traffic::Deck;

/// How long everything may take to come to rest. An event may wait for its last tries.
const SETTLE: Duration = Duration::from_mins(6);

struct Plan {
    seed: u64,
    span: Duration,
    faults: u32,
}

impl Plan {
    fn read() -> anyhow::Result<Self> {
        let env = Env::from_process();
        let minutes: u64 = env.parsed("PROSAAS_FAULT_MINUTES", 1)?;
        Ok(Self {
            seed: env.parsed("PROSAAS_FAULT_SEED", environment::seed()?)?,
            span: Duration::from_secs(minutes * 60),
            faults: env.parsed("PROSAAS_FAULT_COUNT", 15)?,
        })
    }
}

/// Faults until both the time and the number are reached; how often each struck.
async fn strike(plan: &Plan, possible: &[Fault], stack: &mut Stack) -> anyhow::Result<BTreeMap<String, u32>> {
    let (began, mut random) = (Instant::now(), Random::new(plan.seed));
    let mut deck = Deck::new(possible, random.clone());
    let (mut struck, mut faults) = (BTreeMap::new(), 0);
    while began.elapsed() < plan.span || faults < plan.faults {
        let Some(fault) = deck.next() else { break };
        fault.strike(stack, &mut random).await?;
        faults += 1;
        *struck.entry(format!("{fault:?}")).or_insert(0) += 1;
        tokio::time::sleep(Duration::from_millis(random.between(500, 3500))).await;
    }
    Ok(struck)
}

/// Waits until nothing is under way and nothing acknowledged is missing.
async fn at_rest(stack: &Stack, accountant: &Accountant<'_>) -> anyhow::Result<Balance> {
    eventually("everything has come to rest", SETTLE, || async {
        let waiting = stack.ingress.metric("prosaas_log_depth").await?;
        anyhow::ensure!(waiting < 1.0, "{waiting} events wait in the local log");
        accountant.consumed(stack).await?;
        Told::moved(&stack.pool).await?;
        let books = accountant.balance().await?;
        anyhow::ensure!(books.calls.nothing + books.recordings.nothing == 0, "{books:?}");
        Ok(books)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_call_and_recording_has_one_effect_or_one_dead_letter() -> anyhow::Result<()> {
    let plan = Plan::read()?;
    eprintln!("PROSAAS_FAULT_SEED={}", plan.seed);
    let mut stack = Stack::start_with(Options { faults: true, ..Options::default() }).await?;
    let twilio = stack.twilio();
    let shelf = stack.recordings.shelf();
    let (busy, stop) = (Busy::start(&twilio, 3, Duration::from_millis(120)), CancellationToken::new());
    let troubled = traffic::troubled(&twilio, plan.seed, stop.clone());
    let recorded = traffic::recorded(&twilio, shelf.clone(), plan.seed, stop.clone());

    let began = Instant::now();
    let possible = fault::possible(&stack);
    if !possible.contains(&Fault::DiskFilled) {
        eprintln!("SKIPPED: this machine lets us mount no tmpfs, so no disk is filled");
    }
    let struck = strike(&plan, &possible, &mut stack).await?;
    eprintln!("{} faults in {:?}: {struck:?}", struck.values().sum::<u32>(), began.elapsed());
    stop.cancel();
    let mut attempts = busy.stop().await;
    attempts.extend(troubled.await?);
    let recorded = recorded.await??;
    stack.workers.ensure_running()?;

    let store = stack.scratch.folder("recordings")?;
    let accountant = Accountant::new(&stack.pool, &store, &attempts, &recorded);
    let books = at_rest(&stack, &accountant).await.inspect_err(|_| eprintln!("seed {}", plan.seed))?;
    eprintln!("before the replay, after {:?}: {books:?}", began.elapsed());
    anyhow::ensure!(books.is_sound(), "seed {}: {books:?}", plan.seed);
    let (calls, recordings) = (books.calls, books.recordings);
    anyhow::ensure!(
        calls.acknowledged > 50 && calls.applied > 50 && calls.dead > 0 && recordings.applied > 5,
        "too little happened: {books:?}"
    );
    anyhow::ensure!(recordings.dead > 0, "no recording was given up: {books:?}");

    shelf.mend()?;
    for worker in ["calls", "recordings"] {
        let replay = ["dead", "replay", "--worker", worker, "--yes", "--reason", "mended", "--rate", "200"];
        let (status, output) = stack.ops(&replay).await?;
        anyhow::ensure!(status.success(), "seed {}: {status}: {output}", plan.seed);
    }
    let books = accountant.balance().await?;
    anyhow::ensure!(
        books.is_sound() && books.calls.dead + books.recordings.dead == 0,
        "seed {}: after the replay {books:?}",
        plan.seed
    );
    eprintln!("replayed after {:?}: {books:?}", began.elapsed());
    eventually("what happened is told", SETTLE, || async { Told::moved(&stack.pool).await }).await?;
    let told = Told::of(&stack).await?;
    eprintln!("told: {} events, {} sent twice", told.events, told.repeated);
    anyhow::ensure!(told.wrong.is_empty() && told.events > 50, "seed {}: {told:?}", plan.seed);
    stack.passed();
    Ok(())
}

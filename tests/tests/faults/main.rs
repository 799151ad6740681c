//! The fault suite: under steady signed traffic processes are killed, stopped and cut
//! off, and handlers fail, panic and hang. At the end every acknowledged call has
//! exactly one effect or exactly one dead letter; replayed, each has its effect.
//!
//! The seed is printed; `PROSAAS_FAULT_SEED` repeats it. `PROSAAS_FAULT_MINUTES` (1 when
//! absent) and `PROSAAS_FAULT_COUNT` (at least so many faults, 12 when absent) make it
//! long: 20 minutes and 150 faults.

mod accountant;
mod fault;

use std::time::{Duration, Instant};

use accountant::Accountant;
use fault::Fault;
use prosaas_shared::config::Env;
use prosaas_tests::{
    eventually::eventually,
    load::{Attempt, Busy},
    random::Random,
    stack::{Options, Stack},
    twilio::{CALLER, NUMBER, Twilio, call_sid},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long everything may take to come to rest. An event may wait for its last tries.
const SETTLE: Duration = Duration::from_mins(4);

struct Plan {
    seed: u64,
    span: Duration,
    faults: u32,
}

impl Plan {
    fn read() -> anyhow::Result<Self> {
        let env = Env::from_process();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let minutes: u64 = env.parsed("PROSAAS_FAULT_MINUTES", 1)?;
        Ok(Self {
            seed: env.parsed("PROSAAS_FAULT_SEED", now.as_secs())?,
            span: Duration::from_secs(minutes * 60),
            faults: env.parsed("PROSAAS_FAULT_COUNT", 12)?,
        })
    }
}

/// Calls whose handlers are told to fail, one every second or so.
fn troubled(twilio: &Twilio, seed: u64, stop: CancellationToken) -> JoinHandle<Vec<Attempt>> {
    let twilio = twilio.clone();
    tokio::spawn(async move {
        let mut random = Random::new(seed ^ 0x5eed);
        let mut attempts = Vec::new();
        while !stop.is_cancelled() {
            // Each hang costs the worker twenty seconds: fewer of them.
            let kind = match random.between(0, 6) {
                0 | 1 => "transient",
                2 | 3 => "permanent",
                4 => "panic",
                _ => "hang",
            };
            let sid: String = call_sid().chars().skip(2).take(24).collect();
            let call = format!("CA-{kind}-{sid}");
            let began = Instant::now();
            let answered = twilio.incoming(&call, CALLER, NUMBER).await.and_then(|reply| reply.twiml());
            let problem = answered.err().map(|error| format!("{error:#}"));
            attempts.push(Attempt { call, took: began.elapsed(), problem });
            tokio::time::sleep(Duration::from_millis(random.between(400, 1600))).await;
        }
        attempts
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_call_has_one_effect_or_one_dead_letter() -> anyhow::Result<()> {
    let plan = Plan::read()?;
    eprintln!("PROSAAS_FAULT_SEED={}", plan.seed);
    let mut random = Random::new(plan.seed);
    let mut stack = Stack::start_with(Options { inject_faults: true, ..Options::default() }).await?;
    let twilio = stack.twilio();
    let (busy, stop) = (Busy::start(&twilio, 3, Duration::from_millis(120)), CancellationToken::new());
    let troubled = troubled(&twilio, plan.seed, stop.clone());

    let (began, mut faults) = (Instant::now(), 0);
    while began.elapsed() < plan.span || faults < plan.faults {
        let fault = Fault::choose(&mut random);
        fault.strike(&mut stack, &mut random).await?;
        faults += 1;
        tokio::time::sleep(Duration::from_millis(random.between(500, 3500))).await;
    }
    stop.cancel();
    let mut attempts = busy.stop().await;
    attempts.extend(troubled.await?);
    stack.workers.ensure_running()?;

    let accountant = Accountant::new(&stack.pool, &attempts);
    let books = eventually("everything has come to rest", SETTLE, || async {
        let waiting = stack.ingress.metric("prosaas_log_depth").await?;
        anyhow::ensure!(waiting < 1.0, "{waiting} events wait in the local log");
        accountant.consumed(&stack).await?;
        let books = accountant.balance().await?;
        anyhow::ensure!(books.nothing == 0, "{books:?}");
        Ok(books)
    })
    .await?;
    anyhow::ensure!(books.is_sound(), "seed {}: {books:?}", plan.seed);
    anyhow::ensure!(
        books.acknowledged > 50 && books.applied > 50 && books.dead > 0,
        "too little happened: {books:?}"
    );

    let replay = ["dead", "replay", "--worker", "calls", "--yes", "--reason", "mended", "--rate", "200"];
    let (status, output) = stack.ops(&replay).await?;
    anyhow::ensure!(status.success(), "{status}: {output}");
    let books = accountant.balance().await?;
    anyhow::ensure!(books.is_sound() && books.dead == 0, "seed {}: after the replay {books:?}", plan.seed);
    eprintln!("{faults} faults in {:?}; {books:?}", began.elapsed());
    stack.passed();
    Ok(())
}

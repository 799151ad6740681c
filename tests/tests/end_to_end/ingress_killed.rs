//! `kill -9` of the ingress at random moments under load: nothing that was
//! acknowledged is lost, nothing is there twice.

use std::time::Duration;

use prosaas_tests::{environment, eventually::SOON, load::Busy, random::Random, stack::Stack};

const KILLS: u32 = 15;

/// A kill must be able to hit anything that goes on. No fact would say when: this waits by the
/// clock, for some microseconds that follow from the seed.
async fn at_any_moment(random: &mut Random, longest: u64) {
    tokio::time::sleep(Duration::from_micros(random.between(0, longest))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_kill() -> anyhow::Result<()> {
    let seed = environment::seed()?;
    let mut random = Random::new(seed);
    let mut stack = Stack::start().await?;
    let mut attempts = Vec::new();
    for _ in 0..KILLS {
        let calls = Busy::start(&stack.twilio(), 8, Duration::from_millis(2));
        calls.answers(usize::try_from(random.between(5, 200))?).await?;
        at_any_moment(&mut random, 20_000).await;
        stack.ingress.kill().await?;
        attempts.extend(calls.stop().await);
        stack.ingress.start().await?;
    }
    let context = format!("PROSAAS_TEST_SEED={seed} repeats the moments of the kills");
    let verdict = stack.settles(&attempts, SOON).await.map_err(|error| error.context(context))?;
    assert!(verdict.acknowledged > 100, "too little load to show anything: {verdict:?}");
    assert!(verdict.rows <= attempts.len(), "an unacknowledged call has at most one row: {verdict:?}");
    stack.passed();
    Ok(())
}

/// The worker is killed too, and so is the server between them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_everything_loses_and_repeats_nothing() -> anyhow::Result<()> {
    let seed = environment::seed()?;
    let mut random = Random::new(seed);
    let mut stack = Stack::start().await?;
    let calls = Busy::start(&stack.twilio(), 4, Duration::from_millis(10));
    for _ in 0..3 {
        calls.answers(10).await?;
        at_any_moment(&mut random, 700_000).await;
        stack.workers.kill().await?;
        stack.workers.start()?;
        at_any_moment(&mut random, 700_000).await;
        stack.nats.kill().await?;
        stack.nats.restart().await?;
    }
    let attempts = calls.stop().await;
    for attempt in &attempts {
        assert_eq!(attempt.problem, None, "the ingress answers whatever is down behind it");
    }
    // What a killed worker held comes again after the consumer's ack_wait of 30 s.
    let context = format!("PROSAAS_TEST_SEED={seed} repeats the moments of the kills");
    stack.settles(&attempts, SOON).await.map_err(|error| error.context(context))?;
    stack.passed();
    Ok(())
}

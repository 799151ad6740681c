//! SIGTERM under load: both end in order and with 0, and nothing is lost or repeated.

use std::time::Duration;

use prosaas_tests::{
    eventually::{SOON, eventually},
    load::Busy,
    stack::Stack,
};

/// Calls that are answered, or applied, before the signal: the load is under way.
const UNDER_WAY: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_end_in_time_and_lose_nothing() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let mut attempts = Vec::new();

    // The workers first, while calls keep coming in.
    let calls = Busy::start(&stack.twilio(), 8, Duration::from_millis(5));
    for _ in 0..2 {
        these_workers_apply_calls(&stack).await?;
        let status = stack.workers.stop().await?;
        assert!(status.success(), "the workers ended with {status}");
        stack.workers.start()?;
    }
    attempts.extend(calls.stop().await);
    for attempt in &attempts {
        assert_eq!(attempt.problem, None, "the ingress does not care");
    }

    for _ in 0..2 {
        let calls = Busy::start(&stack.twilio(), 8, Duration::from_millis(5));
        calls.answers(UNDER_WAY).await?;
        stack.ingress.ask_to_stop()?;
        let status = stack.ingress.stopped().await?;
        assert!(status.success(), "the ingress ended with {status}");
        let during = calls.stop().await;
        // A request that was taken is answered; one that was not never got a connection.
        let broken = during.iter().filter_map(|attempt| attempt.problem.as_deref());
        for problem in broken {
            assert!(
                problem.contains("connect") || problem.contains("reset"),
                "a request in flight: {problem}"
            );
        }
        attempts.extend(during);
        stack.ingress.start().await?;
    }
    stack.settles(&attempts, SOON).await?;
    // Where something does not end by itself, the process ends in less than ten seconds all the
    // same, and says so.
    let logs = stack.scratch.all_logs()?;
    assert!(!logs.contains("workers.unfinished"), "the workers had to be broken off");
    stack.passed();
    Ok(())
}

/// Waits for rows that were not there before: those workers have long been listening for signals.
async fn these_workers_apply_calls(stack: &Stack) -> anyhow::Result<()> {
    let rows = || stack.count("SELECT count(*) FROM prosaas.calls");
    let wanted = rows().await? + i64::try_from(UNDER_WAY)?;
    eventually("calls get their rows", SOON, || async {
        let found = rows().await?;
        anyhow::ensure!(found >= wanted, "{found} of {wanted}");
        Ok(())
    })
    .await
}

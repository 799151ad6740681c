//! SIGTERM under load: both end with 0 inside ten seconds, and nothing is lost or repeated.

use std::time::{Duration, Instant};

use prosaas_tests::{ingress::STOP, load::Busy, stack::Stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_end_in_time_and_lose_nothing() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let mut attempts = Vec::new();

    // The workers first, while calls keep coming in.
    let calls = Busy::start(&stack.twilio(), 8, Duration::from_millis(5));
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let (status, took) = stack.workers.stop().await?;
        assert!(status.success() && took < STOP, "the workers ended with {status} after {took:?}");
        stack.workers.start()?;
    }
    attempts.extend(calls.stop().await);
    for attempt in &attempts {
        assert_eq!(attempt.problem, None, "the ingress does not care");
    }

    for _ in 0..2 {
        let calls = Busy::start(&stack.twilio(), 8, Duration::from_millis(5));
        tokio::time::sleep(Duration::from_millis(700)).await;
        let began = Instant::now();
        stack.ingress.ask_to_stop()?;
        let status = stack.ingress.stopped().await?;
        assert!(status.success(), "the ingress ended with {status} after {:?}", began.elapsed());
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
    stack.settles(&attempts, Duration::from_mins(1)).await?;
    stack.passed();
    Ok(())
}

//! The streams' disk is full: it is told of, nothing is lost, and what heals it is done.

use std::{os::unix::fs::symlink, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, ensure};
use prosaas_events::subjects::{CALL_CONFIG_BUCKET, Stream};
use prosaas_tests::{
    environment,
    eventually::eventually,
    nats::holds,
    stack::{Options, Stack},
    twilio::{CALLER, NUMBER, call_sid},
};
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(2);

/// A stack whose streams lie on a small disk; none where this machine lets us mount none.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was not tested")]
async fn on_a_small_disk() -> Result<Option<Stack>> {
    let options = Options { ingress_only: true, nats_disk: true, ..Options::default() };
    let stack = Stack::start_with(options).await?;
    if stack.nats_disk.is_none() {
        eprintln!("SKIPPED: this machine lets us mount no tmpfs, so no disk is filled");
        stack.passed();
        return Ok(None);
    }
    Ok(Some(stack))
}

async fn call(stack: &Stack) -> Result<()> {
    stack.twilio().incoming(&call_sid(), CALLER, NUMBER).await?.twiml().map(drop)
}

/// What `/ready` says of one part.
async fn problem(stack: &Stack, part: &str) -> Result<String> {
    let report: Value = serde_json::from_str(&stack.ingress.ready().await?.text())?;
    let checks = report.get("checks").and_then(Value::as_array).context("checks")?;
    let named = |check: &&Value| check.get("name").and_then(Value::as_str) == Some(part);
    let problem = checks.iter().find(named).context("no such part")?.get("problem");
    Ok(problem.and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// Calls come in until the streams' disk has met its end; how many came.
async fn calls_until_the_disk_is_full(stack: &Stack) -> Result<u64> {
    stack.nats_disk.as_ref().context("the disk")?.fill()?;
    for calls in 1..1000 {
        call(stack).await?;
        if problem(stack, "nats").await?.contains("no space left") {
            return Ok(calls);
        }
    }
    anyhow::bail!("/ready says nothing of a full disk")
}

#[tokio::test]
async fn a_full_disk_of_nats_is_told_of_and_after_a_restart_with_room_all_calls_are_there() -> Result<()> {
    let Some(mut stack) = on_a_small_disk().await? else { return Ok(()) };
    let calls = calls_until_the_disk_is_full(&stack).await?;
    eventually("/ready names the lane", LIMIT, || async {
        let said = problem(&stack, "pump").await?;
        ensure!(said.contains("CALLS") && said.contains("acknowledges nothing"), "{said}");
        Ok(())
    })
    .await?;
    let (_, findings) = stack.ops(&["doctor", "--json"]).await?;
    ensure!(findings.contains("no space left"), "{findings}");
    stack.nats_disk.as_ref().context("the disk")?.free()?;
    ensure!(problem(&stack, "nats").await?.contains("restart"), "room alone does not heal it");
    stack.nats.restart().await?;
    holds(&stack.nats, "CALLS", calls, LIMIT).await?;
    eventually("/ready has nothing to say", LIMIT, || async {
        let said = problem(&stack, "nats").await? + &problem(&stack, "pump").await?;
        ensure!(said.is_empty(), "{said}");
        Ok(())
    })
    .await?;
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn a_restart_on_a_disk_that_is_nearly_full_keeps_every_stream_and_its_size() -> Result<()> {
    let Some(mut stack) = on_a_small_disk().await? else { return Ok(()) };
    call(&stack).await?;
    holds(&stack.nats, "CALLS", 1, LIMIT).await?;
    stack.nats_disk.as_ref().context("the disk")?.fill_nine_tenths()?;
    stack.nats.restart().await?;
    call(&stack).await?;
    holds(&stack.nats, "CALLS", 2, LIMIT).await?;
    let js = stack.nats.jetstream().await?;
    let names = Stream::ALL.map(|stream| stream.name().to_owned());
    for name in names.into_iter().chain([format!("KV_{CALL_CONFIG_BUCKET}")]) {
        let size = js.get_stream(&name).await?.cached_info().config.max_bytes;
        assert!(size > 0, "{name} has no size of its own");
    }
    stack.passed();
    Ok(())
}

/// The health check as the container runs it, on busybox; none where there is none.
struct HealthCheck {
    programs: PathBuf,
    environment: Vec<(String, String)>,
}

impl HealthCheck {
    fn of(stack: &Stack) -> Result<Option<Self>> {
        let Some(busybox) = environment::busybox()? else { return Ok(None) };
        let programs = stack.scratch.folder("busybox")?;
        for name in ["sh", "nc", "df", "awk", "sleep", "printf", "wc", "tee", "rm", "cat", "timeout"] {
            symlink(&busybox, programs.join(name))?;
        }
        let mut environment: Vec<_> = stack.nats.environment().clone().into_iter().collect();
        environment.retain(|(name, _)| name != "NATS_STORE_DIR");
        environment.push(("NATS_STORE_DIR".to_owned(), stack.scratch.folder("nats")?.display().to_string()));
        environment.push(("PATH".to_owned(), programs.display().to_string()));
        environment.push(("TMPDIR".to_owned(), stack.scratch.folder("tmp")?.display().to_string()));
        Ok(Some(Self { programs, environment }))
    }

    /// Whether it finds the server healthy, and what it says.
    async fn look(&self, stack: &mut Stack) -> Result<(bool, String)> {
        let script = environment::root().join("docker/nats-healthy");
        let disk = stack.nats_disk.as_ref().context("the disk")?.behind()?;
        let output = tokio::process::Command::new(disk.0)
            .args(disk.1)
            .arg(self.programs.join("sh"))
            .arg(script)
            .arg(stack.nats.pid()?.as_raw_nonzero().to_string())
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .await?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Ok((output.status.success(), said))
    }
}

#[tokio::test]
async fn the_health_check_stores_a_message_and_ends_a_server_that_only_a_restart_heals() -> Result<()> {
    let Some(mut stack) = on_a_small_disk().await? else { return Ok(()) };
    let Some(check) = HealthCheck::of(&stack)? else {
        eprintln!("SKIPPED: no busybox, on which the container's health check runs");
        stack.passed();
        return Ok(());
    };
    let (healthy, said) = check.look(&mut stack).await?;
    ensure!(healthy, "{said}");
    assert_eq!(stack.nats.messages("HEALTH").await?, 1, "it has stored something");

    let calls = calls_until_the_disk_is_full(&stack).await?;
    let (healthy, said) = check.look(&mut stack).await?;
    ensure!(!healthy && said.contains("disk is full"), "{said}");
    stack.nats_disk.as_ref().context("the disk")?.free()?;
    for _ in 0..3 {
        let (healthy, said) = check.look(&mut stack).await?;
        ensure!(!healthy && said.contains("write error"), "{said}");
    }
    ensure!(stack.nats.ended().await?.success(), "it is asked to end, not killed");
    stack.nats.restart().await?;
    let (healthy, said) = check.look(&mut stack).await?;
    ensure!(healthy, "{said}");
    holds(&stack.nats, "CALLS", calls, LIMIT).await?;
    stack.passed();
    Ok(())
}

//! `events`: what lies in the streams, and what comes.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, Result};
use prosaas_platform::bus::Role;
use prosaas_tests::eventually::SOON;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
    time::timeout,
};

use super::{Cli, command};
use crate::dead_letters::event;

/// A tail that runs.
struct Tail {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Tail {
    fn start(cli: &Cli, arguments: &[&str]) -> Result<Self> {
        let mut child =
            command(arguments, &cli.database, &cli.nats.url(Role::Ops))?.stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        Ok(Self { child, lines })
    }

    /// Events come until it has shown one: nobody knows when it begins to listen.
    async fn first(&mut self, cli: &Cli) -> Result<String> {
        for n in 0..400 {
            for call in ["CA7", "CA8"] {
                let payload = event(&format!("{call}-{n}"), call);
                cli.nats.ops.publish(format!("call.status.{call}"), payload.into()).await?.await?;
            }
            // A pause between two tries, and no limit: there are many.
            if let Ok(line) = timeout(Duration::from_millis(300), self.lines.next_line()).await {
                return line?.context("it has ended");
            }
        }
        anyhow::bail!("it shows nothing")
    }
}

#[tokio::test]
async fn a_tail_shows_what_comes_and_fits_until_it_is_ended() -> Result<()> {
    let cli = Cli::empty().await?;
    let before = event("before", "CA7");
    cli.nats.ops.publish("call.status.CA7", before.into()).await?.await?;
    let mut tail = Tail::start(&cli, &["events", "tail", "calls", "--entity", "CA7"])?;
    let line = tail.first(&cli).await?;
    assert!(line.contains("call.status.CA7") && line.contains("pro.prosaas.call.status.v1"), "{line}");
    assert!(!line.starts_with("1 "), "only what comes from now on: {line}");
    let pid = i32::try_from(tail.child.id().context("it has ended")?)?;
    let pid = rustix::process::Pid::from_raw(pid).context("a process")?;
    rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
    timeout(SOON, tail.child.wait()).await??;
    while let Some(line) = tail.lines.next_line().await? {
        assert!(line.contains("CA7"), "{line}");
    }

    let mut tail = Tail::start(&cli, &["--json", "events", "tail", "CALLS", "--type", "pro.prosaas.call."])?;
    let line: Value = serde_json::from_str(&tail.first(&cli).await?)?;
    assert_eq!(line["type"], "pro.prosaas.call.status.v1");
    assert!(line["sequence"].as_u64().is_some_and(|sequence| sequence > 1), "{line}");
    assert_eq!(cli.run(&["events", "tail", "nowhere"]).await?.code, 3);
    Ok(())
}

#[tokio::test]
async fn events_are_found_by_every_filter_and_shown_without_personal_data() -> Result<()> {
    let cli = Cli::empty().await?;
    let business = "00000000-0000-0000-0000-000000000007";
    for n in 0..3 {
        let mut event: Value = serde_json::from_slice(&event(&format!("e{n}"), &format!("CA{n}")))?;
        if n == 1 {
            event["businessid"] = business.into();
        }
        cli.nats.ops.publish(format!("call.status.CA{n}"), event.to_string().into()).await?.await?;
    }
    let found = async |more: &[&str]| -> Result<Vec<u64>> {
        let arguments = [&["--json", "events", "list", "CALLS"][..], more].concat();
        let items = cli.run(&arguments).await?.json()?;
        Ok(items.as_array().into_iter().flatten().filter_map(|item| item["sequence"].as_u64()).collect())
    };
    assert_eq!(found(&[]).await?, [1, 2, 3]);
    assert_eq!(found(&["--business", business]).await?, [2]);
    assert_eq!(found(&["--entity", "CA2"]).await?, [3]);
    assert_eq!(
        found(&["--entity", "054-1234567", "--limit", "2"]).await?,
        [1, 2],
        "a number however spelled"
    );
    assert_eq!(found(&["--type", "pro.prosaas.call.status.v1"]).await?.len(), 3);
    assert_eq!(found(&["--type", "pro.prosaas.recording."]).await?.len(), 0);
    assert_eq!(found(&["--from", "1h"]).await?.len(), 3);
    assert_eq!(found(&["--to", "1h"]).await?.len(), 0);

    let hidden = cli.run(&["events", "show", "CALLS", "2"]).await?;
    assert!(hidden.out.contains("***567") && !hidden.out.contains("541234567"), "{}", hidden.out);
    let reveals = "SELECT count(*) FROM prosaas.audit_records
                   WHERE action = 'event.reveal' AND entity_id = 'CALLS:2' AND actor_name = 'prosaas-ops (dana)'";
    assert_eq!(cli.database.count(reveals).await?, 0);
    let shown = cli.run(&["events", "show", "CALLS", "2", "--reveal", "--by", "dana"]).await?.json()?;
    assert_eq!(shown["event"]["data"]["from"], "+972541234567");
    assert_eq!(cli.database.count(reveals).await?, 1, "asking is on record");
    Ok(())
}

//! `prosaas-ops` as a process: what it prints, and its exit codes.

mod events;
mod filters;
mod numbers;
mod outward;
mod people;
mod replays;
mod run_book;
mod terminal;

use std::process::Stdio;

use anyhow::{Context as _, Result};
use prosaas_platform::bus::Role;
use prosaas_workers::{dead_letters::file::file, live::Live};
use serde_json::Value;
use tokio::process::Command;

use crate::{
    dead_letters::{event, verdict},
    support::{Database, Nats, ops_program},
};

struct Cli {
    nats: Nats,
    database: Database,
}

pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("{} {}", self.out, self.err))
    }

    /// Each line by itself.
    fn json_lines(&self) -> Result<Vec<Value>> {
        self.out.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    }
}

/// The command, on that database and as that user of NATS.
fn command(arguments: &[&str], database: &Database, nats: &str) -> Result<Command> {
    let mut command = Command::new(ops_program()?);
    command
        .args(arguments)
        .env("DATABASE_URL", database.url().as_str())
        .env("NATS_URL", nats)
        .env("APP_ENV", "development")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// Runs it to its end.
pub async fn run(arguments: &[&str], database: &Database, nats: &str) -> Result<Answer> {
    let output = command(arguments, database, nats)?.output().await?;
    Ok(Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

impl Cli {
    /// On an empty system.
    async fn empty() -> Result<Self> {
        Ok(Self { nats: Nats::start().await?, database: Database::migrated().await? })
    }

    /// With five dead letters.
    async fn start() -> Result<Self> {
        let cli = Self::empty().await?;
        for n in 0..5_u64 {
            let report = verdict(n, &event(&format!("e{n}"), &format!("CA{n}")));
            file(&cli.database.pool, &Live::silent(), &report).await?;
        }
        Ok(cli)
    }

    async fn run(&self, arguments: &[&str]) -> Result<Answer> {
        self.run_with(arguments, &self.nats.url(Role::Ops)).await
    }

    async fn run_with(&self, arguments: &[&str], nats: &str) -> Result<Answer> {
        run(arguments, &self.database, nats).await
    }
}

#[tokio::test]
async fn operators_find_replay_and_discard_from_the_command_line() -> Result<()> {
    let cli = Cli::start().await?;
    let list = cli.run(&["dead", "list", "--worker", "calls", "--from", "2020-01-01"]).await?;
    assert_eq!(list.code, 0, "{}", list.err);
    assert!(list.out.starts_with("DIED") && list.out.contains("CA3"), "{}", list.out);
    assert!(!list.out.contains("541234567"), "{}", list.out);
    let list = cli.run(&["--json", "dead", "list", "--entity", "0541234567"]).await?.json()?;
    let items = list.as_array().context("items")?;
    assert_eq!(items.len(), 5);
    let id = items.first().and_then(|item| item.get("id")?.as_str()).context("an id")?.to_owned();

    let hidden = cli.run(&["dead", "show", &id]).await?;
    assert!(hidden.out.contains("***567") && !hidden.out.contains("541234567"), "{}", hidden.out);
    let shown = cli.run(&["dead", "show", &id, "--reveal", "--by", "dana"]).await?;
    assert!(shown.out.contains("+972541234567"), "{}", shown.out);
    let audit = cli.run(&["audit", "search", "--action", "dead_letter."]).await?;
    assert!(
        audit.out.contains("dead_letter.reveal") && audit.out.contains("prosaas-ops (dana)"),
        "{}",
        audit.out
    );
    let stats = cli.run(&["dead", "stats", "--json"]).await?.json()?;
    assert_eq!(stats.pointer("/0/count"), Some(&5.into()));

    let reason = ["--reason", "mended"];
    let with = |arguments: &[&'static str]| [arguments, &reason[..]].concat();
    let dry = cli.run(&with(&["dead", "replay", "--worker", "calls", "--dry-run"])).await?;
    assert!(dry.code == 0 && dry.out.contains("5 dead letters"), "{} {}", dry.out, dry.err);
    assert_eq!(cli.run(&with(&["dead", "replay", "--worker", "calls"])).await?.code, 4, "nobody confirms");
    assert_eq!(cli.run(&["dead", "replay", "--worker", "calls"]).await?.code, 2, "a reason is required");
    assert_eq!(cli.run(&with(&["dead", "replay", "--worker", "crm", "--yes"])).await?.code, 3, "none match");
    assert_eq!(cli.database.count("SELECT count(*) FROM prosaas.replay_jobs").await?, 0);
    let started =
        cli.run(&with(&["--json", "dead", "replay", "--entity", "CA1", "--yes", "--no-wait"])).await?;
    let started = started.json()?;
    assert_eq!(started.get("count"), Some(&1.into()));
    let replay = started.get("replay_id").and_then(Value::as_str).context("the replay")?.to_owned();
    let read = cli.run(&["replays", "show", &replay]).await?.json()?;
    assert_eq!(read.pointer("/counts/pending"), Some(&1.into()));
    let cancelled = cli.run(&["replays", "cancel", &replay, "--reason", "wrong"]).await?;
    assert!(cancelled.out.contains("not published: 1 event\n"), "{} {}", cancelled.out, cancelled.err);
    assert_eq!(cli.run(&["replays", "cancel", &replay, "--reason", "wrong"]).await?.code, 4);
    let discarded = cli.run(&with(&["dead", "discard", "--entity", "CA2", "--yes"])).await?;
    assert!(discarded.out.contains("discarded 1 dead letter\n"), "{} {}", discarded.out, discarded.err);
    let state = "SELECT count(*) FROM prosaas.dead_letters WHERE state = 'discarded'";
    assert_eq!(cli.database.count(state).await?, 1);
    let actions = "SELECT count(*) FROM prosaas.audit_records
                   WHERE action IN ('replay.start', 'replay.cancel', 'dead_letter.discard', 'dead_letter.reveal')";
    assert_eq!(cli.database.count(actions).await?, 4, "each action is on record once");
    Ok(())
}

#[tokio::test]
async fn operators_see_streams_and_workers_and_pause_them() -> Result<()> {
    let cli = Cli::start().await?;
    for n in 0..3 {
        let payload = event(&format!("h{n}"), &format!("CA{n}"));
        cli.nats.ops.publish(format!("call.status.CA{n}"), payload.into()).await?.await?;
    }
    cli.nats.ops.publish("call.status.CA9", event("e1", "CA9").into()).await?.await?;
    let streams = cli.run(&["streams", "--json"]).await?.json()?;
    let calls = streams.as_array().into_iter().flatten().find(|s| s.get("name") == Some(&"CALLS".into()));
    assert_eq!(calls.and_then(|calls| calls.get("messages")), Some(&4.into()));
    let events =
        cli.run(&["events", "list", "calls", "--from", "1h", "--entity", "CA1", "--json"]).await?.json()?;
    assert_eq!(events.pointer("/0/sequence"), Some(&2.into()), "{events}");
    assert_eq!(events.as_array().map(Vec::len), Some(1));
    let event = cli.run(&["events", "show", "CALLS", "2"]).await?;
    assert!(event.out.contains("***567") && event.out.contains("call.status.CA1"), "{}", event.out);
    assert_eq!(cli.run(&["events", "show", "CALLS", "99"]).await?.code, 3);

    let history = ["events", "replay", "calls", "--reason", "rows were lost", "--dry-run", "--json"];
    assert_eq!(cli.run(&history).await?.code, 2, "it must be said that they had succeeded");
    let history = cli.run(&[&history[..], &["--succeeded"]].concat()).await?.json()?;
    assert_eq!(history.get("count"), Some(&3.into()));
    assert_eq!(history.get("dead_letters_left"), Some(&1.into()), "what is dead never succeeded");
    let commands = ["events", "replay", "crm", "--reason", "r", "--succeeded", "--yes"];
    assert_eq!(cli.run(&commands).await?.code, 4, "what people asked for is not done twice");

    let pause = ["workers", "pause", "calls", "--minutes", "30", "--reason", "an incident"];
    let paused = cli.run(&pause).await?;
    assert_eq!(paused.code, 0, "{}", paused.err);
    let workers = cli.run(&["workers", "list"]).await?;
    assert!(workers.out.contains("paused") && workers.out.contains("an incident"), "{}", workers.out);
    let info = cli.nats.ops.get_stream("CALLS").await?.consumer_info("calls").await?;
    assert!(info.paused, "the consumer itself");
    assert_eq!(cli.run(&["workers", "resume", "calls", "--reason", "over"]).await?.code, 0);
    assert_eq!(cli.run(&["workers", "pause", "ops", "--reason", "r"]).await?.code, 4);
    assert_eq!(cli.run(&["workers", "pause", "nobody", "--reason", "r"]).await?.code, 3);
    let away = cli.run_with(&["streams"], "nats://ops:x@127.0.0.1:9").await?;
    assert_eq!(away.code, 5, "{}", away.err);
    let help = cli.run(&["--help"]).await?;
    assert!(help.out.contains("Exit codes"), "{}", help.out);
    Ok(())
}

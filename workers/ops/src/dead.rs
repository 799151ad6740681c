//! `prosaas-ops dead`: finding dead letters.

use anyhow::Result;
use clap::Subcommand;
use prosaas_dead_letters::{
    list::{self, MAX_GROUPS},
    read,
};
use uuid::Uuid;

use super::{
    Ops, dead_change,
    dead_filter::Filter,
    exit::Failed,
    note::note_reveal,
    output::{or_dash, say},
    time::{self},
};

/// Dead letters.
#[derive(Debug, Subcommand)]
pub enum Dead {
    /// List dead letters, the latest first.
    ///
    /// Example: prosaas-ops dead list --worker calls --from 2h --state new
    List {
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Show one with its event, errors and attempts.
    ///
    /// Example: prosaas-ops dead show 0b9f2c1e-… --reveal
    Show {
        /// Its id.
        id: Uuid,
        /// Show personal data. It is noted in the audit records.
        #[arg(long)]
        reveal: bool,
    },
    /// Count by worker and kind of failure, the commonest first.
    ///
    /// Example: prosaas-ops dead stats --state new
    Stats {
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
    },
    /// Run dead letters again: count, confirm, follow.
    ///
    /// Example: prosaas-ops dead replay --fingerprint 3fd1… --reason "bug 12 is mended" --rate 100
    Replay(dead_change::Replay),
    /// Close dead letters that nobody needs.
    ///
    /// Example: prosaas-ops dead discard 0b9f2c1e-… --reason "a test call"
    Discard(dead_change::Discard),
}

/// Runs it.
pub async fn run(ops: &Ops, command: Dead) -> Result<()> {
    match command {
        Dead::List { filter, limit } => {
            let items = list::page(&ops.database().await?, &filter.read(), None, limit.into()).await?;
            let head = ["died", "id", "worker", "state", "type", "entity", "tries", "error"];
            ops.out.rows(&head, &items, |item| {
                vec![
                    time::shown(item.died_at),
                    item.id.to_string(),
                    item.worker.clone(),
                    item.state.as_str().to_owned(),
                    or_dash(item.event_type.as_deref().map(|t| t.trim_start_matches("pro.prosaas."))),
                    or_dash(item.entity.as_deref()),
                    item.attempts.to_string(),
                    item.error.clone(),
                ]
            })
        }
        Dead::Show { id, reveal } => show(ops, id, reveal).await,
        Dead::Stats { filter } => {
            let groups = list::groups(&ops.database().await?, &filter.read()).await?;
            let head = ["count", "worker", "fingerprint", "first", "last", "businesses", "error"];
            ops.out.rows(&head, &groups, |group| {
                vec![
                    group.count.to_string(),
                    group.worker.clone(),
                    group.fingerprint.clone(),
                    time::shown(group.first_died_at),
                    time::shown(group.last_died_at),
                    group.businesses.to_string(),
                    group.error.clone(),
                ]
            })?;
            if groups.len() as u64 >= MAX_GROUPS.unsigned_abs() {
                ops.out.tell("(the largest groups only)");
            }
            Ok(())
        }
        Dead::Replay(replay) => dead_change::replay(ops, replay).await,
        Dead::Discard(discard) => dead_change::discard(ops, discard).await,
    }
}

async fn show(ops: &Ops, id: Uuid, reveal: bool) -> Result<()> {
    let pool = ops.database().await?;
    let letter = read::letter(&pool, id, reveal).await?.ok_or(Failed::NotFound("dead letter"))?;
    if reveal {
        note_reveal(ops, &pool, ("dead_letter.reveal", "dead_letter", &id.to_string())).await?;
    }
    if ops.out.json {
        return ops.out.value(&letter);
    }
    let item = &letter.item;
    for (name, value) in [
        ("id", item.id.to_string()),
        ("worker", item.worker.clone()),
        ("state", item.state.as_str().to_owned()),
        ("type", or_dash(item.event_type.as_deref())),
        ("entity", or_dash(item.entity.as_deref())),
        ("business", or_dash(item.business_name.as_deref())),
        ("reason", item.reason.clone()),
        ("fingerprint", item.fingerprint.clone()),
        ("trace", or_dash(item.trace_id.as_deref())),
        ("replays", item.replays.to_string()),
        ("subject", letter.subject.clone()),
    ] {
        say(&format!("{name:12} {value}"));
    }
    say("error");
    for (depth, error) in letter.error_chain.iter().enumerate() {
        say(&format!("  {}{error}", "  ".repeat(depth)));
    }
    say("attempts");
    for attempt in &letter.attempt_log {
        let at = attempt.at.map_or_else(|| "-".to_owned(), time::shown);
        say(&format!("  replay {} attempt {}  {at}  {}", attempt.replay, attempt.attempt, attempt.error));
    }
    say("event");
    match letter.payload {
        Some(payload) => match payload.json {
            Some(json) => say(&serde_json::to_string_pretty(&json)?),
            None => say(&format!(
                "  {} bytes that are no JSON {}",
                payload.bytes,
                payload.base64.unwrap_or_default()
            )),
        },
        None => say("  its bytes are gone"),
    }
    Ok(())
}

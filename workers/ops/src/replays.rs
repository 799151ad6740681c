//! `prosaas-ops replays`: how far replays have come, and ending them.

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use prosaas_dead_letters::replays::{self, Replay, ReplayCounts};
use prosaas_domain::ids::ReplayId;
use prosaas_workers::replays::cancel;
use serde_json::json;
use sqlx::PgPool;

use super::{
    Ops,
    exit::{Failed, stopped},
    note::note,
    output::counted,
    time,
};

/// How often a replay that is followed is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Replays.
#[derive(Debug, Subcommand)]
pub enum Replays {
    /// List replays, the latest first.
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show one.
    Show {
        /// Its id.
        id: ReplayId,
    },
    /// Follow one to its end.
    Follow {
        /// Its id.
        id: ReplayId,
    },
    /// End one: what is not published yet is not published.
    ///
    /// Example: prosaas-ops replays cancel 019a… --reason "the wrong ones"
    Cancel {
        /// Its id.
        id: ReplayId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Runs it.
pub async fn run(ops: &Ops, command: Replays) -> Result<()> {
    let pool = ops.database().await?;
    match command {
        Replays::List { limit } => {
            let found = replays::page(&pool, None, limit.into()).await?;
            let head = ["number", "id", "state", "total", "done", "failed", "created", "by", "reason"];
            ops.out.rows(&head, &found, |replay| {
                vec![
                    replay.number.to_string(),
                    replay.id.to_string(),
                    replay.state.clone(),
                    replay.total.to_string(),
                    replay.counts.settled().to_string(),
                    replay.counts.failed.to_string(),
                    time::shown(replay.created_at),
                    replay.requested_by.clone(),
                    replay.reason.clone(),
                ]
            })
        }
        Replays::Show { id } => ops.out.value(&read(&pool, id).await?),
        Replays::Follow { id } => follow(ops, &pool, id).await,
        Replays::Cancel { id, reason } => {
            let mut transaction = pool.begin().await?;
            let cancelled = cancel(&mut transaction, id).await.map_err(stopped)?;
            let after = json!({ "state": "cancelled", "cancelled": cancelled, "reason": reason });
            note(ops, &mut transaction, None, ("replay.cancel", "replay", &id.to_string()), Some(after))
                .await?;
            transaction.commit().await?;
            ops.out.tell(&format!("not published: {}", counted(cancelled, "event")));
            if ops.out.json { ops.out.value(&json!({ "cancelled": cancelled })) } else { Ok(()) }
        }
    }
}

async fn read(pool: &PgPool, id: ReplayId) -> Result<Replay> {
    Ok(replays::read(pool, id.0).await?.ok_or(Failed::NotFound("replay"))?)
}

/// Follows a replay until every event has its result. The workers run it; whoever stops
/// following does not stop it.
pub async fn follow(ops: &Ops, pool: &PgPool, id: ReplayId) -> Result<()> {
    let mut told = -1;
    let replay = loop {
        let replay = read(pool, id).await?;
        let counts = &replay.counts;
        if counts.settled() != told || replay.finished_at.is_some() {
            told = counts.settled();
            ops.out.progress(told, replay.total, &words(counts));
        }
        if replay.finished_at.is_some() {
            break replay;
        }
        tokio::time::sleep(LOOK).await;
    };
    ops.out.progress_ends();
    if ops.out.json {
        ops.out.value(&replay)?;
    } else if replay.counts.failed > 0 {
        ops.out.tell(&format!(
            "{} failed again and waits for a person: its cause is not fixed",
            counted(replay.counts.failed, "event")
        ));
    }
    let whole = replay.counts.succeeded + replay.counts.already_applied == replay.total;
    if whole { Ok(()) } else { Err(Failed::Partly.into()) }
}

/// What has become of the events so far; nothing is said of what is none.
fn words(counts: &ReplayCounts) -> String {
    let said: Vec<_> = [
        (counts.succeeded, "succeeded"),
        (counts.already_applied, "applied before"),
        (counts.failed, "failed again"),
        (counts.skipped, "skipped"),
        (counts.cancelled, "cancelled"),
        (counts.in_flight, "under way"),
        (counts.pending, "waiting"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_there_is_is_told() {
        let begun = ReplayCounts { pending: 8, ..ReplayCounts::default() };
        assert_eq!(words(&begun), "8 waiting");
        let ended = ReplayCounts { succeeded: 7, failed: 1, ..ReplayCounts::default() };
        assert_eq!(words(&ended), "7 succeeded, 1 failed again");
    }
}

//! `prosaas-ops events replay`: events that had succeeded run again.

use std::collections::HashSet;

use anyhow::Result;
use async_nats::jetstream;
use clap::Args;
use prosaas_dead_letters::replays::{DEFAULT_RATE, masked_selection};
use prosaas_domain::ids::ReplayId;
use prosaas_events::subjects::{Stream, consumers};
use prosaas_workers::{
    operators::check_reason,
    replays::{HistoryEvent, NewReplay, start_history},
};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    Ops,
    dead_change::{confirm, note},
    events::{Filter, scan},
    exit::{Failed, stopped},
    output::say,
    replays::follow,
};

/// A replay of history.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Replay {
    /// calls or recordings. Commands of people are never run again.
    worker: String,
    #[command(flatten)]
    filter: Filter,
    /// Yes, events that had succeeded run again.
    #[arg(long, required = true)]
    succeeded: bool,
    /// Why. It is kept with the replay.
    #[arg(long)]
    reason: String,
    /// Most events a second, 1 to 5000.
    #[arg(long, default_value_t = DEFAULT_RATE, value_parser = clap::value_parser!(u32).range(1..=5000))]
    rate: u32,
    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; needed where nobody can answer.
    #[arg(long)]
    yes: bool,
    /// Do not follow it to its end.
    #[arg(long)]
    no_wait: bool,
}

/// Chooses the events, confirms, and begins.
pub async fn run(ops: &Ops, asked: Replay) -> Result<()> {
    check_reason(&asked.reason).map_err(|refusal| Failed::Refused(refusal.error))?;
    let stream = match asked.worker.as_str() {
        consumers::CALLS => Stream::Calls,
        consumers::RECORDINGS => Stream::Recordings,
        _ => {
            let words = "only calls and recordings are run again: what people asked for was done once";
            return Err(Failed::Refused(words.to_owned()).into());
        }
    };
    let js = jetstream::new(ops.nats().await?);
    let mut events = Vec::new();
    scan(&js, stream.name(), &asked.filter, false, |row| {
        // What was replayed lies in the stream as well: each event once.
        if let (Some(event_id), false) = (row.event_id, row.subject.starts_with("replay.")) {
            events.push(HistoryEvent { sequence: row.sequence, event_id });
        }
        Ok(true)
    })
    .await?;
    let pool = ops.database().await?;
    let failed = leave_failed(&pool, &asked.worker, &mut events).await?;
    let count = i64::try_from(events.len())?;
    if asked.dry_run && ops.out.json {
        return ops
            .out
            .value(&json!({ "count": count, "worker": asked.worker, "dead_letters_left": failed }));
    }
    if !ops.out.json {
        say(&format!("{count} events of {}", stream.name()));
        if failed > 0 {
            say(&format!("{failed} more are dead letters: they are for `dead replay`"));
        }
    }
    if count == 0 {
        return Err(Failed::NotFound("event").into());
    }
    if asked.dry_run {
        return Ok(());
    }
    if !asked.yes {
        confirm(count)?;
    }
    begin(ops, &pool, asked, stream, &events).await
}

async fn begin(
    ops: &Ops,
    pool: &PgPool,
    asked: Replay,
    stream: Stream,
    events: &[HistoryEvent],
) -> Result<()> {
    let id = ReplayId(Uuid::now_v7());
    let actor = ops.actor();
    let new = NewReplay { id, reason: &asked.reason, rate: asked.rate, by: None, by_name: &actor.name };
    let range = [events.first(), events.last()].map(|event| event.map(|event| event.sequence));
    let selection = json!({
        "worker": asked.worker, "sequences": range,
        "filter": { "type": asked.filter.event_type, "business": asked.filter.business, "entity": asked.filter.entity },
    });
    let mut transaction = pool.begin().await?;
    let started = start_history(
        &mut transaction,
        &new,
        &asked.worker,
        stream.name(),
        masked_selection(&selection),
        events,
    )
    .await
    .map_err(stopped)?;
    note(ops, &mut transaction, ("replay.start", "replay", id.0), started.audit(&new)).await?;
    transaction.commit().await?;
    ops.out.tell(&format!("replay {} of {} events: {id}", started.number, started.count));
    if asked.no_wait {
        return if ops.out.json {
            ops.out.value(&json!({ "replay_id": id, "count": started.count }))
        } else {
            Ok(())
        };
    }
    follow(ops, pool, id).await
}

/// What never succeeded is no history; returns how many were left out.
async fn leave_failed(pool: &PgPool, worker: &str, events: &mut Vec<HistoryEvent>) -> Result<usize> {
    let all = events.len();
    for part in events.chunks(5000).map(<[_]>::to_vec).collect::<Vec<_>>() {
        let ids: Vec<_> = part.iter().map(|event| event.event_id.clone()).collect();
        let failed: HashSet<String> = sqlx::query_scalar(
            "SELECT event_id FROM prosaas.dead_letters
             WHERE consumer = $1 AND event_id = ANY ($2) AND again IS NULL AND state <> 'replayed'",
        )
        .bind(worker)
        .bind(ids)
        .fetch_all(pool)
        .await?
        .into_iter()
        .collect();
        events.retain(|event| !failed.contains(&event.event_id));
    }
    Ok(all - events.len())
}

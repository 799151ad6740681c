//! `prosaas-ops events replay`: events of a stream run again, or those that a restored database lacks.

use std::collections::HashSet;

use anyhow::Result;
use async_nats::jetstream::{self, consumer::PullConsumer};
use clap::Args;
use prosaas_dead_letters::replays::{DEFAULT_RATE, masked_selection};
use prosaas_domain::ids::ReplayId;
use prosaas_events::subjects::{Stream, consumers};
use prosaas_workers::{
    operators::check_reason,
    replays::{NewReplay, StreamEvent, Why, start_events},
};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    Ops,
    dead_change::confirm,
    events_scan::{Filter, scan},
    exit::{Failed, stopped},
    note::note,
    output::{counted, say},
    replays::follow,
};

/// A replay of events of a stream.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Replay {
    /// calls, recordings, or, with --missing, crm.
    worker: String,
    #[command(flatten)]
    filter: Filter,
    /// Run events again that had succeeded. Never those of crm: what people asked for is done once.
    #[arg(long, required_unless_present = "missing", conflicts_with = "missing")]
    succeeded: bool,
    /// Run the events whose marks are missing, and no others: for a database that was restored.
    #[arg(long)]
    missing: bool,
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
        consumers::CRM if asked.missing => Stream::Crm,
        consumers::CRM => {
            let words =
                "commands of crm do not run twice; --missing runs those that the database has no mark of";
            return Err(Failed::Refused(words.to_owned()).into());
        }
        _ => return Err(Failed::Refused("the worker is calls, recordings or crm".to_owned()).into()),
    };
    let js = jetstream::new(ops.nats().await?);
    // What the worker has not acknowledged has no mark and will still run on its own.
    let last = if asked.missing { acknowledged(&js, stream, &asked.worker).await? } else { u64::MAX };
    let mut events = Vec::new();
    scan(&js, stream.name(), &asked.filter, false, |row| {
        // What was replayed lies in the stream as well: each event once.
        if let (Some(event_id), false) = (row.event_id, row.subject.starts_with("replay.")) {
            events.push(StreamEvent { sequence: row.sequence, event_id });
        }
        Ok(row.sequence < last)
    })
    .await?;
    let pool = ops.database().await?;
    events.retain(|event| event.sequence <= last);
    let failed = leave_failed(&pool, &asked.worker, &mut events).await?;
    if asked.missing {
        leave_marked(&pool, &asked.worker, &mut events).await?;
    }
    let count = i64::try_from(events.len())?;
    if asked.dry_run && ops.out.json {
        return ops
            .out
            .value(&json!({ "count": count, "worker": asked.worker, "dead_letters_left": failed }));
    }
    if !ops.out.json {
        let which = if asked.missing { " without a mark" } else { "" };
        say(&format!("{} of {}{which}", counted(count, "event"), stream.name()));
        if failed > 0 {
            say(&format!("{} left to `dead replay`", counted(i64::try_from(failed)?, "dead letter")));
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
    events: &[StreamEvent],
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
    let why = if asked.missing { Why::Missing } else { Why::History };
    let started = start_events(
        &mut transaction,
        &new,
        why,
        &asked.worker,
        stream.name(),
        masked_selection(&selection),
        events,
    )
    .await
    .map_err(stopped)?;
    note(ops, &mut transaction, None, ("replay.start", "replay", &id.to_string()), Some(started.audit(&new)))
        .await?;
    transaction.commit().await?;
    ops.out.tell(&format!("replay number {}, {}: {id}", started.number, counted(started.count, "event")));
    if asked.no_wait {
        return if ops.out.json {
            ops.out.value(&json!({ "replay_id": id, "count": started.count }))
        } else {
            Ok(())
        };
    }
    follow(ops, pool, id).await
}

/// Up to where the worker has acknowledged every event of its stream.
async fn acknowledged(js: &jetstream::Context, stream: Stream, worker: &str) -> Result<u64> {
    let stream = js.get_stream_no_info(stream.name()).await.map_err(|_| Failed::NotFound("stream"))?;
    let consumer: PullConsumer = stream.get_consumer(worker).await.map_err(anyhow::Error::from_boxed)?;
    Ok(consumer.cached_info().ack_floor.stream_sequence)
}

/// Leaves out what never succeeded; returns how many.
async fn leave_failed(pool: &PgPool, worker: &str, events: &mut Vec<StreamEvent>) -> Result<usize> {
    let query = "SELECT event_id FROM prosaas.dead_letters
                 WHERE consumer = $1 AND event_id = ANY ($2) AND again IS NULL AND state <> 'replayed'";
    leave(pool, query, worker, events).await
}

/// Leaves out what the database knows to be done.
async fn leave_marked(pool: &PgPool, worker: &str, events: &mut Vec<StreamEvent>) -> Result<usize> {
    let query = "SELECT event_id FROM prosaas.processed_events WHERE consumer = $1 AND event_id = ANY ($2)";
    leave(pool, query, worker, events).await
}

async fn leave(
    pool: &PgPool,
    query: &'static str,
    worker: &str,
    events: &mut Vec<StreamEvent>,
) -> Result<usize> {
    let all = events.len();
    let mut found: HashSet<String> = HashSet::new();
    for part in events.chunks(5000) {
        let ids: Vec<_> = part.iter().map(|event| event.event_id.clone()).collect();
        let rows: Vec<String> = sqlx::query_scalar(query).bind(worker).bind(ids).fetch_all(pool).await?;
        found.extend(rows);
    }
    events.retain(|event| !found.contains(&event.event_id));
    Ok(all - events.len())
}

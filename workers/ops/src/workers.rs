//! `prosaas-ops workers`.

use std::sync::Arc;

use anyhow::Result;
use async_nats::jetstream;
use clap::Subcommand;
use prosaas_dead_letters::retries;
use prosaas_events::ops::worker_entity;
use prosaas_platform::{bus::definitions::Definitions, clock};
use prosaas_workers::operators::{Pauses, check_reason, set_pause};
use serde::Serialize;
use serde_json::json;

use super::{
    Ops,
    exit::{Failed, stopped},
    note::note,
    output::or_dash,
    time,
};

/// Workers.
#[derive(Debug, Subcommand)]
pub enum Workers {
    /// List workers: how far behind, and what is paused.
    List,
    /// List events that failed and will be tried again: the oldest of each worker.
    Retries,
    /// Pause one: its events wait.
    ///
    /// Example: prosaas-ops workers pause recordings --minutes 60 --reason "Twilio is down"
    Pause {
        /// Which.
        worker: String,
        /// Ends by itself after so many minutes.
        #[arg(long)]
        minutes: Option<u32>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// End a pause.
    Resume {
        /// Which.
        worker: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    stream: String,
    state: &'static str,
    waiting: u64,
    in_progress: usize,
    redelivered: usize,
    retrying: i64,
    dead_letters_open: i64,
    reason: Option<String>,
}

/// Runs it.
pub async fn run(ops: &Ops, command: Workers) -> Result<()> {
    match command {
        Workers::List => list(ops).await,
        Workers::Retries => list_retries(ops).await,
        Workers::Pause { worker, minutes, reason } => change(ops, &worker, true, minutes, &reason).await,
        Workers::Resume { worker, reason } => change(ops, &worker, false, None, &reason).await,
    }
}

async fn list(ops: &Ops) -> Result<()> {
    let pool = ops.database().await?;
    let js = jetstream::new(ops.nats().await?);
    let retrying = retries::oldest(&pool).await?;
    let mut rows = Vec::new();
    for stream in Definitions::embedded()?.streams {
        for consumer in stream.consumers {
            let info = js.get_stream_no_info(&stream.name).await?.consumer_info(&consumer.name).await?;
            let open: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM prosaas.dead_letters WHERE state = 'new' AND consumer = $1",
            )
            .bind(&consumer.name)
            .fetch_one(&pool)
            .await?;
            let reason: Option<String> = sqlx::query_scalar(
                "SELECT reason FROM prosaas.worker_pauses
                 WHERE consumer = $1 AND paused AND (paused_until IS NULL OR paused_until > now())",
            )
            .bind(&consumer.name)
            .fetch_optional(&pool)
            .await?;
            let listening = info.num_waiting > 0 || info.num_ack_pending > 0;
            let state = match (&reason, listening) {
                (Some(_), _) => "paused",
                (None, true) => "running",
                (None, false) => "absent",
            };
            let failing = retrying.iter().find(|event| event.worker == consumer.name);
            rows.push(Row {
                name: consumer.name,
                stream: stream.name.clone(),
                state,
                waiting: info.num_pending,
                in_progress: info.num_ack_pending,
                redelivered: info.num_redelivered,
                retrying: failing.map_or(0, |event| event.total),
                dead_letters_open: open,
                reason,
            });
        }
    }
    let head = ["worker", "stream", "state", "waiting", "in progress", "again", "retrying", "dead", "reason"];
    ops.out.rows(&head, &rows, |row| {
        vec![
            row.name.clone(),
            row.stream.clone(),
            row.state.to_owned(),
            row.waiting.to_string(),
            row.in_progress.to_string(),
            row.redelivered.to_string(),
            row.retrying.to_string(),
            row.dead_letters_open.to_string(),
            or_dash(row.reason.as_deref()),
        ]
    })
}

async fn list_retries(ops: &Ops) -> Result<()> {
    let now = clock::system().now();
    let events = retries::oldest(&ops.database().await?).await?;
    let head = ["worker", "failing for", "tries", "next", "id", "type", "error"];
    ops.out.rows(&head, &events, |event| {
        vec![
            event.worker.clone(),
            time::age(now - event.first_failed_at),
            event.attempts.to_string(),
            time::shown(event.next_attempt_at),
            event.event_id.clone(),
            event.event_type.trim_start_matches("pro.prosaas.").to_owned(),
            event.error.clone(),
        ]
    })
}

async fn change(ops: &Ops, worker: &str, paused: bool, minutes: Option<u32>, reason: &str) -> Result<()> {
    check_reason(reason).map_err(|refusal| Failed::Refused(refusal.error))?;
    let pool = ops.database().await?;
    let client = ops.nats().await?;
    let mut transaction = pool.begin().await?;
    set_pause(&mut transaction, worker, paused.then_some(minutes), reason, &ops.actor().name)
        .await
        .map_err(stopped)?;
    let action = if paused { "worker.pause" } else { "worker.resume" };
    let after = json!({ "worker": worker, "paused": paused, "minutes": minutes, "reason": reason });
    note(ops, &mut transaction, None, (action, "worker", &worker_entity(worker).to_string()), Some(after))
        .await?;
    transaction.commit().await?;
    let pauses = Pauses { pool, context: jetstream::new(client), wake: Arc::default() };
    pauses.apply(false).await.map_err(anyhow::Error::from_boxed)?;
    ops.out.tell(if paused { "paused" } else { "goes on" });
    if ops.out.json { ops.out.value(&json!({ "worker": worker, "paused": paused })) } else { Ok(()) }
}

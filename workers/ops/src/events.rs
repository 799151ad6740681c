//! `prosaas-ops events`: what lies in the streams.

use anyhow::Result;
use async_nats::jetstream::{self};
use clap::Subcommand;
use prosaas_events::mask;
use serde_json::Value;

use super::{
    Ops, events_replay,
    events_scan::{Filter, Row, scan},
    exit::Failed,
    note::note_reveal,
    output::or_dash,
    time,
};

/// Events.
#[derive(Debug, Subcommand)]
pub enum Events {
    /// List events of a stream, the oldest first.
    ///
    /// Example: prosaas-ops events list CALLS --from 1h --entity CA0123…
    List {
        /// CALLS, RECORDINGS, WHATSAPP, CRM, OPS, EVENTS or DEAD.
        stream: String,
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one.
    ///
    /// Example: prosaas-ops events show CALLS 4711
    Show {
        /// Its stream.
        stream: String,
        /// Its sequence.
        sequence: u64,
        /// Show personal data. It is noted in the audit records.
        #[arg(long)]
        reveal: bool,
    },
    /// Show events as they come, until Ctrl-C.
    Tail {
        /// The stream.
        stream: String,
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
    },
    /// Run events again that had succeeded, such as all calls of a day.
    ///
    /// Example: prosaas-ops events replay calls --succeeded --from 2026-01-31 --to 2026-02-01 --reason "rows were lost"
    Replay(events_replay::Replay),
}

/// Runs it.
pub async fn run(ops: &Ops, command: Events) -> Result<()> {
    match command {
        Events::List { stream, filter, limit } => {
            let mut rows = Vec::new();
            let js = jetstream::new(ops.nats().await?);
            scan(&js, &stream, &filter, false, |row| {
                rows.push(row.masked());
                Ok(rows.len() < limit)
            })
            .await?;
            ops.out.rows(&["sequence", "at", "type", "subject"], &rows, cells)
        }
        Events::Show { stream, sequence, reveal } => show(ops, &stream, sequence, reveal).await,
        Events::Tail { stream, filter } => {
            let js = jetstream::new(ops.nats().await?);
            scan(&js, &stream, &filter, true, |row| {
                let row = row.masked();
                if ops.out.json {
                    ops.out.line(&row)?;
                } else {
                    ops.out.tell(&cells(&row).join("  "));
                }
                Ok(true)
            })
            .await
        }
        Events::Replay(replay) => events_replay::run(ops, replay).await,
    }
}

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.sequence.to_string(),
        time::shown(row.at),
        or_dash(row.event_type.as_deref()),
        row.subject.clone(),
    ]
}

async fn show(ops: &Ops, stream: &str, sequence: u64, reveal: bool) -> Result<()> {
    let js = jetstream::new(ops.nats().await?);
    let found = js.get_stream_no_info(stream.to_uppercase()).await.map_err(|_| Failed::NotFound("stream"))?;
    let message = found.get_raw_message(sequence).await.map_err(|_| Failed::NotFound("event"))?;
    let event: Value = serde_json::from_slice(&message.payload).unwrap_or(Value::Null);
    if reveal {
        let id = format!("{}:{sequence}", stream.to_uppercase());
        note_reveal(ops, &ops.database().await?, ("event.reveal", "event", &id)).await?;
    }
    let headers: Vec<_> = message
        .headers
        .iter()
        .flat_map(|(name, values)| {
            values.iter().map(move |value| {
                let value = value.as_str();
                (name.to_string(), if reveal { value.to_owned() } else { mask::sentence(value) })
            })
        })
        .collect();
    let subject = message.subject.to_string();
    ops.out.value(&serde_json::json!({
        "stream": stream.to_uppercase(),
        "sequence": sequence,
        "subject": if reveal { subject } else { mask::sentence(&subject) },
        "headers": headers,
        "bytes": message.payload.len(),
        "event": if reveal { event } else { mask::event(&event) },
    }))
}

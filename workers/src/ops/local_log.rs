//! `prosaas-ops log`: the ingress's local log, read without disturbing it.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use prosaas_shared::{dead_letters::mask, subjects::Stream};
use serde::Serialize;
use sqlx::{ConnectOptions as _, FromRow, sqlite::SqliteConnectOptions};

use super::{Ops, exit::Failed, time};

/// The local log.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Show what waits for NATS, and what no stream would take.
    ///
    /// Example: prosaas-ops log show /var/lib/prosaas/ingress
    Show {
        /// The folder that `EVENT_LOG_PATH` names.
        path: PathBuf,
        /// How many of each slot.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

#[derive(Debug, FromRow)]
struct Found {
    lane: i64,
    id: String,
    subject: String,
    bytes: i64,
    at_ms: i64,
    cause: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    slot: String,
    stream: &'static str,
    id: String,
    subject: String,
    bytes: i64,
    at: DateTime<Utc>,
    /// Why no stream takes it; null for what waits.
    rejected: Option<String>,
}

/// Runs it.
pub async fn run(ops: &Ops, command: Log) -> Result<()> {
    let Log::Show { path, limit } = command;
    let mut rows = Vec::new();
    let folder = std::fs::read_dir(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::Error::new(error).context(Failed::NotFound("folder")),
        _ => anyhow::Error::new(error).context(format!("{} cannot be read", path.display())),
    })?;
    let mut slots: Vec<_> = folder
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|slot| slot.join("events.db").exists())
        .collect();
    slots.sort();
    if slots.is_empty() {
        return Err(Failed::NotFound("log there (slot-N/events.db)").into());
    }
    for slot in slots {
        rows.extend(read(&slot, limit).await?);
    }
    ops.out.rows(&["slot", "stream", "since", "bytes", "subject", "rejected"], &rows, |row| {
        vec![
            row.slot.clone(),
            row.stream.to_owned(),
            time::shown(row.at),
            row.bytes.to_string(),
            row.subject.clone(),
            row.rejected.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    })
}

async fn read(slot: &Path, limit: u32) -> Result<Vec<Row>> {
    let name = slot.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let options = SqliteConnectOptions::new().filename(slot.join("events.db")).read_only(true);
    let mut connection = options.connect().await.with_context(|| format!("{name} cannot be opened"))?;
    let found: Vec<Found> = sqlx::query_as(
        "SELECT * FROM (SELECT lane, id, subject, length(payload) AS bytes, at_ms, NULL AS cause FROM events
                        ORDER BY seq LIMIT ?1)
         UNION ALL
         SELECT * FROM (SELECT lane, id, subject, length(payload) AS bytes, at_ms, cause FROM rejected
                        ORDER BY seq LIMIT ?1)",
    )
    .bind(limit)
    .fetch_all(&mut connection)
    .await?;
    let rows = found.into_iter().map(|found| Row {
        slot: name.clone(),
        stream: Stream::ALL.into_iter().find(|s| i64::from(s.lane()) == found.lane).map_or("?", Stream::name),
        id: mask::sentence(&found.id),
        subject: mask::sentence(&found.subject),
        bytes: found.bytes,
        at: DateTime::from_timestamp_millis(found.at_ms).unwrap_or_default(),
        rejected: found.cause,
    });
    Ok(rows.collect())
}

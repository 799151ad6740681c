//! `prosaas-ops log`: the ingress's local log, read without disturbing it.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use prosaas_events::{mask, subjects::Stream};
use serde::Serialize;
use sqlx::{ConnectOptions as _, FromRow, sqlite::SqliteConnectOptions};

use super::{Ops, exit::Failed, time};

/// The local log.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Show what waits for NATS, what no stream would take, and what was put aside as damaged.
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
    /// Why no stream takes it, or why it was put aside; null for what waits.
    rejected: Option<String>,
}

/// A file of rows that the ingress could not read and put aside for a person.
#[derive(Debug)]
pub(super) struct PutAside {
    slot: String,
    pub(super) file: PathBuf,
    bytes: u64,
    at: DateTime<Utc>,
}

/// Where people read how such rows come back.
pub(super) const RECOVERY: &str = "\"A log that was put aside\" in docs/OPERATIONS.md";

/// What was put aside in any slot of the log's folder.
pub(super) fn put_aside(folder: &Path) -> std::io::Result<Vec<PutAside>> {
    let mut found = Vec::new();
    for slot in slots(folder)? {
        for entry in std::fs::read_dir(&slot)?.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_log = name.starts_with("damaged-") && name.ends_with("-events.db");
            if is_log || name == "last-resort.unreadable" {
                let metadata = entry.metadata()?;
                found.push(PutAside {
                    slot: name_of(&slot),
                    file: entry.path(),
                    bytes: metadata.len(),
                    at: metadata.modified()?.into(),
                });
            }
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

fn slots(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path());
    let mut slots: Vec<_> =
        entries.filter(|path| path.is_dir() && name_of(path).starts_with("slot-")).collect();
    slots.sort();
    Ok(slots)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl PutAside {
    fn row(&self) -> Row {
        Row {
            slot: self.slot.clone(),
            stream: "-",
            id: String::new(),
            subject: name_of(&self.file),
            bytes: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            at: self.at,
            rejected: Some(format!("put aside, it could not be read: see {RECOVERY}")),
        }
    }
}

/// Runs it.
pub async fn run(ops: &Ops, command: Log) -> Result<()> {
    let Log::Show { path, limit } = command;
    let mut rows = Vec::new();
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => anyhow::Error::new(error).context(Failed::NotFound("folder")),
        _ => anyhow::Error::new(error).context(format!("{} cannot be read", path.display())),
    };
    let aside = put_aside(&path).map_err(unreadable)?;
    let mut slots = slots(&path).map_err(unreadable)?;
    slots.retain(|slot| slot.join("events.db").exists());
    if slots.is_empty() && aside.is_empty() {
        return Err(Failed::NotFound("log there (slot-N/events.db)").into());
    }
    for slot in slots {
        rows.extend(read(&slot, limit).await?);
    }
    rows.extend(aside.iter().map(PutAside::row));
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
    let name = name_of(slot);
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
        stream: Stream::PUMPED
            .into_iter()
            .find(|s| i64::from(s.lane()) == found.lane)
            .map_or("?", Stream::name),
        id: mask::sentence(&found.id),
        subject: mask::sentence(&found.subject),
        bytes: found.bytes,
        at: DateTime::from_timestamp_millis(found.at_ms).unwrap_or_default(),
        rejected: found.cause,
    });
    Ok(rows.collect())
}

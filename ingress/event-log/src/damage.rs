//! A database file that cannot be read any more. Calls must still be answered, and
//! new events kept: at the next start the damaged files are put aside for a person
//! (docs/OPERATIONS.md says how their rows come back), and a new log begins. Until then
//! calls' events go to the last resort.
//!
//! Never while the log is in use: a new file counts from one again, and the pump
//! would delete its rows by the numbers of the old one.

use std::{fs, io, path::Path};

use sqlx::SqliteConnection;

use super::{
    fault, schema,
    slot::{private_file, sync_dir},
};

/// Says that a write met damage, which opening alone does not always find.
const MARK: &str = "damaged";

/// Opens the log for the first time, after putting a damaged one aside.
pub(super) async fn open_writer(slot: &Path, hard_max_bytes: u64) -> Result<SqliteConnection, sqlx::Error> {
    if slot.join(MARK).exists() {
        put_aside(slot)?;
    }
    match schema::open_writer(slot, hard_max_bytes).await {
        Err(error) if fault::is_damage(&error) => {
            tracing::error!(%error, "the event log cannot be read");
            put_aside(slot)?;
            schema::open_writer(slot, hard_max_bytes).await
        }
        result => result,
    }
}

/// Notes the damage for the next start.
pub(super) fn mark(slot: &Path) {
    if let Err(error) = private_file(&slot.join(MARK)).and_then(|_| sync_dir(slot)) {
        tracing::error!(%error, "the event log's damage cannot be noted");
    }
}

/// Renames the files to the first free `damaged-N-events.db…`.
fn put_aside(slot: &Path) -> io::Result<()> {
    let number = (0..1000).find(|n| !slot.join(aside(*n, "")).exists()).unwrap_or(u32::MAX);
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(slot.join(format!("{}{suffix}", schema::FILE)), slot.join(aside(number, suffix))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match fs::remove_file(slot.join(MARK)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    tracing::error!(kept = aside(number, ""), "the damaged event log is put aside and a new one begins");
    sync_dir(slot)
}

fn aside(number: u32, suffix: &str) -> String {
    format!("damaged-{number}-{}{suffix}", schema::FILE)
}

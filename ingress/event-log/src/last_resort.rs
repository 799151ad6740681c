//! Where an event goes that even the log cannot take: a file of JSON lines beside
//! it, readable by our user alone, synced after each line, and moved into the log
//! as soon as that works again.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{
    row::NewRow,
    slot::{private_file, sync_dir},
};

/// Lines are appended here.
pub(super) const FILE: &str = "last-resort.jsonl";
/// What is being moved into the log. A file of its own, so that a call never
/// waits for the move.
const REPLAYING: &str = "last-resort.replaying.jsonl";
/// Lines that cannot be read, kept for a person to look at.
const UNREADABLE: &str = "last-resort.unreadable";

/// Rows moved at a time.
const CHUNK: usize = 128;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    lane: u8,
    id: String,
    subject: String,
    payload_base64: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    at_ms: i64,
}

/// The files of one slot.
#[derive(Debug, Clone)]
pub(super) struct LastResort {
    slot: Arc<Path>,
    lock: Arc<Mutex<()>>,
    pending: Arc<AtomicBool>,
}

impl LastResort {
    pub(super) fn new(slot: &Path) -> Self {
        let pending = has_lines(slot);
        Self { slot: slot.into(), lock: Arc::default(), pending: Arc::new(AtomicBool::new(pending)) }
    }

    /// Whether something waits to be moved into the log.
    pub(super) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Appends a row and syncs it. Blocks.
    pub(super) fn write(&self, row: &NewRow) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line {
            lane: row.lane,
            id: row.id.clone(),
            subject: row.subject.clone(),
            payload_base64: STANDARD.encode(&row.payload),
            traceparent: row.traceparent.clone(),
            at_ms: row.at_ms,
        })?;
        line.push(b'\n');
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(FILE);
        let is_new = !path.exists();
        append(&path, &line)?;
        if is_new {
            sync_dir(&self.slot)?;
        }
        self.pending.store(true, Ordering::Release);
        Ok(())
    }

    /// Puts the lines aside for moving; `None` when there are none. What an
    /// earlier, unfinished move left comes first. Blocks.
    pub(super) fn begin(&self) -> io::Result<Option<Replay>> {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let replaying = self.path(REPLAYING);
        if !replaying.exists() {
            match fs::rename(self.path(FILE), &replaying) {
                Ok(()) => sync_dir(&self.slot)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.pending.store(false, Ordering::Release);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        let lines = BufReader::new(File::open(&replaying)?);
        Ok(Some(Replay { lines, unreadable: self.path(UNREADABLE) }))
    }

    /// Every row of the move is committed: its file goes. Blocks.
    pub(super) fn finish(&self) -> io::Result<()> {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        fs::remove_file(self.path(REPLAYING))?;
        sync_dir(&self.slot)?;
        self.pending.store(self.path(FILE).exists(), Ordering::Release);
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.slot.join(name)
    }
}

/// Whether a slot's files hold anything.
pub(super) fn has_lines(slot: &Path) -> bool {
    [FILE, REPLAYING].iter().any(|name| fs::metadata(slot.join(name)).is_ok_and(|m| m.len() > 0))
}

/// A move under way.
#[derive(Debug)]
pub(super) struct Replay {
    lines: BufReader<File>,
    unreadable: PathBuf,
}

impl Replay {
    /// The next rows; none at the end. A line that cannot be read, such as the one
    /// that a power cut tore, was never acknowledged: it is put aside. Blocks.
    pub(super) fn next_rows(mut self) -> io::Result<(Self, Vec<NewRow>)> {
        let mut rows = Vec::new();
        let mut line = Vec::new();
        while rows.len() < CHUNK {
            line.clear();
            if self.lines.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            if let Some(row) = parse(text) {
                rows.push(row);
            } else {
                tracing::error!(
                    bytes = text.len(),
                    "a line of the last resort cannot be read; it is put aside"
                );
                append(&self.unreadable, &line)?;
            }
        }
        Ok((self, rows))
    }
}

fn parse(text: &[u8]) -> Option<NewRow> {
    let line: Line = serde_json::from_slice(text).ok()?;
    Some(NewRow {
        lane: line.lane,
        id: line.id,
        subject: line.subject,
        payload: STANDARD.decode(line.payload_base64).ok()?.into(),
        traceparent: line.traceparent,
        at_ms: line.at_ms,
    })
}

/// Appends and syncs. A torn last line is ended first, so that it spoils only
/// itself; a write that failed halfway is taken back.
fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = private_file(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    if length > 0 {
        let mut last = [0_u8];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != [b'\n'] {
            file.write_all(b"\n")?;
        }
    }
    file.write_all(line).and_then(|()| file.sync_all()).inspect_err(|_| {
        let _ = file.set_len(length);
    })
}

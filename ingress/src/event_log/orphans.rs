//! Slots whose process has gone without emptying them.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{EventLog, OpenError, last_resort, monitor::Gauges, schema, slot, slot::Slot};

/// When a slot's files were last written.
type Marks = [Option<SystemTime>; 2];

/// Finds orphaned slots, and remembers those that were found empty.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    empty: HashMap<PathBuf, Marks>,
}

impl Orphans {
    /// Opens the logs of all slots beside `own` that nobody holds and that are not
    /// empty. Who gets one has to publish what is in it and to close it.
    pub(crate) async fn open(&mut self, own: &EventLog) -> io::Result<Vec<EventLog>> {
        let mut found = Vec::new();
        for path in slot::existing(&own.config().dir)? {
            if path.ends_with(own.slot_name()) || !self.may_hold_rows(&path) {
                continue;
            }
            let log = match open_one(&path, own).await {
                Ok(Some(log)) => log,
                Ok(None) => continue,
                Err(error) => {
                    // The others must not wait for this one.
                    tracing::error!(slot = %path.display(), %error, "an orphaned log cannot be opened");
                    continue;
                }
            };
            if log.is_drained() {
                log.close().await;
                self.empty.insert(path.clone(), marks(&path));
            } else {
                tracing::info!(slot = log.slot_name(), depth = log.stats().depth, "draining an orphaned log");
                found.push(log);
            }
        }
        Ok(found)
    }

    fn may_hold_rows(&self, path: &Path) -> bool {
        let has_log = path.join(schema::FILE).exists() || last_resort::has_lines(path);
        has_log && self.empty.get(path) != Some(&marks(path))
    }
}

async fn open_one(path: &Path, own: &EventLog) -> Result<Option<EventLog>, OpenError> {
    let Some(slot) = Slot::try_lock(path)? else { return Ok(None) };
    let log = EventLog::open_slot(slot, own.config().clone(), own.clock().clone(), Gauges::Silent).await?;
    Ok(Some(log))
}

fn marks(slot: &Path) -> Marks {
    ["events.db", "last-resort.jsonl"]
        .map(|name| fs::metadata(slot.join(name)).and_then(|m| m.modified()).ok())
}

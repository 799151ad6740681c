//! Slots whose process has gone without emptying them.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    EventLog, last_resort, opening, schema,
    slot::{self, Slot},
};

/// Finds orphaned slots, and remembers those that were found empty: until a process takes one
/// to append, it stays so.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    empty: HashMap<PathBuf, SystemTime>,
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
            let (log, taken_at) = match open_one(&path, own).await {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(error) => {
                    // The others must not wait for this one.
                    tracing::error!(slot = %path.display(), %error, "an orphaned log cannot be opened");
                    continue;
                }
            };
            if log.is_drained() {
                log.close().await;
                self.empty.insert(path, taken_at);
            } else {
                tracing::info!(slot = log.slot_name(), depth = log.stats().depth, "draining an orphaned log");
                found.push(log);
            }
        }
        Ok(found)
    }

    fn may_hold_rows(&self, path: &Path) -> bool {
        let has_log = path.join(schema::FILE).exists() || last_resort::has_lines(path);
        let known_empty = self.empty.get(path).is_some_and(|empty| slot::taken_at(path).ok() == Some(*empty));
        has_log && !known_empty
    }
}

/// The log, and when its slot was last taken; none where somebody holds it.
async fn open_one(path: &Path, own: &EventLog) -> io::Result<Option<(EventLog, SystemTime)>> {
    let Some(slot) = Slot::try_lock(path)? else { return Ok(None) };
    let taken_at = slot.taken_at()?;
    let log = opening::open_slot(slot, own.config().clone(), own.clock().clone()).await;
    if log.is_open() {
        return Ok(Some((log, taken_at)));
    }
    let why = log.problem().unwrap_or_default();
    log.close().await;
    Err(io::Error::other(why))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use anyhow::{Context as _, Result, ensure};
    use prosaas_events::subjects::Subject;
    use prosaas_platform::clock;

    use super::{
        super::{EventLogConfig, NewEvent},
        *,
    };

    /// Where the process that dies finds its folder.
    const DIR: &str = "DYING_PROCESS_TEST_DIR";

    fn config(dir: &Path) -> EventLogConfig {
        EventLogConfig { min_free_bytes: 1, ballast_bytes: 4096, ..EventLogConfig::new(dir) }
    }

    #[tokio::test]
    async fn what_a_killed_process_left_in_a_slot_that_was_found_empty_is_found() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let first = EventLog::open(config(dir.path()), clock::system()).await?;
        let own = EventLog::open(config(dir.path()), clock::system()).await?;
        first.close().await;
        let mut orphans = Orphans::default();
        assert!(orphans.open(&own).await?.is_empty());
        assert!(!orphans.may_hold_rows(&dir.path().join("slot-0")), "an empty slot is not opened again");
        // Twice: what was drained once may be left once more.
        for _ in 0..2 {
            let died = Command::new(std::env::current_exe()?)
                .args(["--ignored", "--exact", "orphans::tests::a_process_that_appends_and_dies"])
                .env(DIR, dir.path())
                .output()?;
            ensure!(!died.status.success() && dir.path().join("slot-0/events.db-wal").exists());
            let found = orphans.open(&own).await?;
            let log = found.first().context("nothing was found")?;
            assert_eq!((log.slot_name(), log.stats().depth), ("slot-0", 1));
            assert!(log.remove(vec![1, 2]).await);
            log.clone().close().await;
            assert!(orphans.open(&own).await?.is_empty());
        }
        Ok(())
    }

    #[tokio::test]
    #[ignore = "run by the test above, as a process of its own"]
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    async fn a_process_that_appends_and_dies() -> Result<()> {
        let dir = PathBuf::from(std::env::var_os(DIR).context("run by the test above")?);
        let log = EventLog::open(config(&dir), clock::system()).await?;
        ensure!(log.slot_name() == "slot-0");
        let subject = Subject::call_incoming(&"CA1".parse()?);
        let (id, payload) = ("event".parse()?, "{}".into());
        log.append(NewEvent { id, subject, payload, traceparent: None }).await?;
        std::process::abort()
    }
}

//! Room on the disk: how much is left, and the ballast that is given up last.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use super::{EventLogConfig, slot::private_file};

/// What decides whether the log accepts events. Measured now and then, read for
/// every append.
#[derive(Debug)]
pub(super) struct Space {
    slot: PathBuf,
    max_bytes: u64,
    min_free: u64,
    ballast_bytes: u64,
    /// Free bytes of the file system.
    free: AtomicU64,
    /// Bytes of pages in use.
    used: AtomicU64,
    /// Bytes of pages that the database keeps for reuse.
    reusable: AtomicU64,
    /// A write met a full disk since there was last enough room.
    full: AtomicBool,
    /// Held while the ballast is being given up: whoever writes next finds its room.
    releasing: Mutex<()>,
}

impl Space {
    pub(super) fn new(slot: &Path, config: &EventLogConfig) -> Self {
        Self {
            slot: slot.to_owned(),
            max_bytes: config.max_bytes,
            min_free: config.min_free_bytes,
            ballast_bytes: config.ballast_bytes,
            free: AtomicU64::new(u64::MAX),
            used: AtomicU64::new(0),
            reusable: AtomicU64::new(0),
            full: AtomicBool::new(false),
            releasing: Mutex::default(),
        }
    }

    /// Whether the next event may be appended.
    pub(super) fn accepting(&self) -> bool {
        !self.full.load(Ordering::Relaxed) && self.used() < self.max_bytes && self.room() >= self.min_free
    }

    /// Why the next event may not be appended.
    pub(super) fn problem(&self) -> Option<String> {
        if self.accepting() {
            return None;
        }
        if self.used() >= self.max_bytes {
            return Some(format!("it is full: it has reached EVENT_LOG_MAX_BYTES ({})", self.max_bytes));
        }
        Some(full(self.free.load(Ordering::Relaxed)))
    }

    /// That the disk has no room for a log at work, where that is so now.
    pub(super) fn shortage(&self) -> Option<String> {
        let free = free_bytes(&self.slot).ok()?;
        (free < self.ballast_bytes).then(|| full(free))
    }

    /// Gives up the ballast where there is no room without it: what is about to be written
    /// could fail before it finds that the disk is full.
    pub(super) fn make_room(&self) {
        if self.shortage().is_some() {
            self.disk_is_full();
        }
    }

    /// Bytes of pages in use.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Free pages inside the database are as good as free space outside.
    fn room(&self) -> u64 {
        self.free.load(Ordering::Relaxed).saturating_add(self.reusable.load(Ordering::Relaxed))
    }

    pub(super) fn set_pages(&self, used: u64, reusable: u64) {
        self.used.store(used, Ordering::Relaxed);
        self.reusable.store(reusable, Ordering::Relaxed);
    }

    /// Looks at the file system, restores the ballast when there is room again,
    /// and accepts again when there is enough. Blocks for some microseconds.
    pub(super) fn measure(&self) -> io::Result<()> {
        let free = free_bytes(&self.slot)?;
        self.free.store(free, Ordering::Relaxed);
        let wanted = self.min_free.saturating_add(self.ballast_bytes);
        let ballast = self.ballast();
        if self.ballast_bytes > 0 && free >= wanted && !ballast.exists() {
            allocate(&ballast, self.ballast_bytes)?;
        }
        if self.room() >= wanted || ballast.exists() {
            self.full.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// A write met a full disk: stop accepting, and give the ballast to the deletes and
    /// the last resort. Its room is there when this returns, also where another write
    /// met the full disk first.
    pub(super) fn disk_is_full(&self) {
        let _releasing = self.releasing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.full.swap(true, Ordering::Relaxed) {
            tracing::error!("the event log's disk is full: events are refused until there is room");
        }
        match fs::remove_file(self.ballast()) {
            Ok(()) => tracing::warn!("the event log's ballast was released"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::error!(%error, "the event log's ballast cannot be released"),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.slot.join("ballast")
    }
}

fn full(free: u64) -> String {
    format!("its disk is full ({} KiB free)", free / 1024)
}

/// Bytes that we may still write on the file system of `path`.
fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Makes a file whose blocks are really taken; all or nothing.
fn allocate(path: &Path, bytes: u64) -> io::Result<()> {
    let file = private_file(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP) => {
            io::copy(&mut io::Read::take(io::repeat(0), bytes), &mut &file).map(|_| ())
        }
        Err(error) => Err(error.into()),
    }
    .inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(dir: &Path) -> Space {
        let config = EventLogConfig {
            max_bytes: 1000,
            min_free_bytes: 1,
            ballast_bytes: 4096,
            ..EventLogConfig::new(dir)
        };
        Space::new(dir, &config)
    }

    #[test]
    fn ballast_is_taken_released_and_restored() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let space = space(dir.path());
        space.measure()?;
        assert!(space.accepting());
        assert_eq!(fs::metadata(dir.path().join("ballast"))?.len(), 4096);
        space.disk_is_full();
        assert!(!space.accepting());
        assert!(!dir.path().join("ballast").exists());
        space.measure()?;
        assert!(space.accepting(), "there is room again");
        assert!(dir.path().join("ballast").exists());
        Ok(())
    }

    #[test]
    fn accepting_stops_at_the_byte_limit_and_below_the_free_limit() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let mut space = space(dir.path());
        space.set_pages(999, 0);
        assert!(space.accepting());
        space.set_pages(1000, 0);
        assert!(!space.accepting());
        space.set_pages(0, 0);
        space.min_free = u64::MAX;
        space.measure()?;
        assert!(!space.accepting());
        Ok(())
    }
}

//! One folder of the log for one process, held by a file lock.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustix::fs::{FlockOperation, flock};

/// More ingresses than this never share one folder.
const MAX_SLOTS: u32 = 64;

/// The file that is locked. It stays empty.
const LOCK: &str = "lock";

/// A locked `slot-N` folder. The lock goes with the value, and with the process.
#[derive(Debug)]
pub(crate) struct Slot {
    dir: PathBuf,
    name: String,
    lock: File,
}

impl Slot {
    /// Takes the first free slot under `dir`, making folders as needed.
    pub(super) fn acquire(dir: &Path) -> io::Result<Self> {
        make_private_dir(dir)?;
        for number in 0..MAX_SLOTS {
            let path = dir.join(format!("slot-{number}"));
            make_private_dir(&path)?;
            if let Some(slot) = Self::try_lock(&path)? {
                slot.mark_taken()?;
                sync_dir(dir)?;
                return Ok(slot);
            }
        }
        Err(io::Error::new(io::ErrorKind::ResourceBusy, "every slot of the event log is in use"))
    }

    /// Locks an existing slot; `None` when somebody else holds it.
    pub(super) fn try_lock(path: &Path) -> io::Result<Option<Self>> {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let lock = private_file(&path.join(LOCK))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { dir: path.to_owned(), name, lock })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes that a process begins to append here. Needs no room on the disk.
    fn mark_taken(&self) -> io::Result<()> {
        // Another time than the last, also where the file system counts in seconds.
        let last = self.lock.metadata()?.modified()?;
        self.lock.set_modified(SystemTime::now().max(last + Duration::from_secs(2)))
    }

    /// When a process last took it to append. Read while it is held, it says of every later
    /// look whether there can be new rows: their files' times say it not, for a commit changes
    /// the WAL alone, and a kill leaves it so.
    pub(super) fn taken_at(&self) -> io::Result<SystemTime> {
        self.lock.metadata()?.modified()
    }

    /// Its folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// `slot-N`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// As [`Slot::taken_at`], of a slot that is not held.
pub(super) fn taken_at(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path.join(LOCK))?.modified()
}

/// Every `slot-N` folder under `dir`.
pub(super) fn existing(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut slots = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let is_slot = path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("slot-"));
        if is_slot && path.is_dir() {
            slots.push(path);
        }
    }
    slots.sort();
    Ok(slots)
}

fn make_private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Opens or makes a file that only our user reads: events hold phone numbers.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Makes the names in a folder survive a power cut, as fsync does for a file's bytes.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_holders_take_two_slots_and_a_freed_one_is_taken_again() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let first = Slot::acquire(dir.path())?;
        let second = Slot::acquire(dir.path())?;
        assert_eq!((first.name(), second.name()), ("slot-0", "slot-1"));
        assert!(Slot::try_lock(first.dir())?.is_none(), "a held slot is not taken");
        drop(first);
        assert_eq!(Slot::acquire(dir.path())?.name(), "slot-0");
        assert_eq!(existing(dir.path())?.len(), 2);
        let mode = |path: &Path| fs::metadata(path).map(|m| m.permissions().mode() & 0o777);
        assert_eq!(mode(second.dir())?, 0o700);
        assert_eq!(mode(&second.dir().join("lock"))?, 0o600);
        Ok(())
    }
}

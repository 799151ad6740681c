//! What the local log is told at its start.

use std::{path::PathBuf, time::Duration};

const MIB: u64 = 1024 * 1024;

/// Limits and times of the local log.
#[derive(Debug, Clone)]
pub struct EventLogConfig {
    /// Folder that holds the `slot-N` folders (`EVENT_LOG_PATH`). A local disk:
    /// file locks and fsync mean little on a network share or an overlay.
    pub dir: PathBuf,
    /// Bytes of live rows above which appending stops. Default 1 GiB.
    pub max_bytes: u64,
    /// The database file never grows beyond this, bytes, whatever happens between
    /// two measurements. Default 1.25 GiB.
    pub hard_max_bytes: u64,
    /// Free bytes of the file system below which appending stops. Default 64 MiB.
    pub min_free_bytes: u64,
    /// Bytes set aside, and given up when the disk is full, so that deleting what
    /// is published still has room to work. More than the WAL grows to between two
    /// checkpoints (4 MiB and a commit): without room for a checkpoint the WAL can
    /// never be used again from its start. Default 8 MiB.
    pub ballast_bytes: u64,
    /// How long an append may wait for its commit. Twilio waits 15 s for an answer
    /// and a caller less. Default 3 s.
    pub append_timeout: Duration,
    /// Time between two looks at free space, age and the last resort. Default 1 s.
    pub tick: Duration,
    /// Time between two searches for slots that nobody holds. Default 30 s.
    pub orphan_interval: Duration,
}

impl EventLogConfig {
    /// The defaults, in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            max_bytes: 1024 * MIB,
            hard_max_bytes: 1280 * MIB,
            min_free_bytes: 64 * MIB,
            ballast_bytes: 8 * MIB,
            append_timeout: Duration::from_secs(3),
            tick: Duration::from_secs(1),
            orphan_interval: Duration::from_secs(30),
        }
    }
}

//! What the figures were measured on: without it they mean little.

use std::{
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use serde::Serialize;

/// How many syncs are tried.
const SYNCS: usize = 200;

/// The machine.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// Processors that this process may use.
    pub processors: usize,
    /// The processor's name.
    pub model: String,
    /// The kernel.
    pub kernel: String,
    /// Half of the fdatasyncs of 4 kB on the disk that is measured took less, ms.
    pub fdatasync_p50_ms: f64,
    /// 99 of 100 did.
    pub fdatasync_p99_ms: f64,
}

impl Machine {
    /// Looks at it; `folder` lies on the disk that is measured.
    pub fn look(folder: &Path) -> anyhow::Result<Self> {
        let mut syncs = try_syncs(&folder.join("sync-probe"))?;
        syncs.sort_unstable();
        let at = |number: usize| syncs.get(number).map_or(0.0, |d| d.as_secs_f64() * 1e3);
        let processors = std::fs::read_to_string("/proc/cpuinfo")?;
        let model = processors
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map_or("unknown", |(_, name)| name);
        Ok(Self {
            processors: std::thread::available_parallelism()?.get(),
            model: model.to_owned(),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            fdatasync_p50_ms: at(SYNCS / 2),
            fdatasync_p99_ms: at(SYNCS * 99 / 100),
        })
    }
}

/// Appends as a write-ahead log does, and syncs each time.
fn try_syncs(path: &Path) -> anyhow::Result<Vec<Duration>> {
    let mut file = File::create(path)?;
    file.write_all(&vec![1; SYNCS * 4096])?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let took = (0..SYNCS).map(|_| {
        file.write_all(&[2; 4096])?;
        let began = Instant::now();
        file.sync_data()?;
        Ok(began.elapsed())
    });
    let took = took.collect();
    std::fs::remove_file(path)?;
    took
}

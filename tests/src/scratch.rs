//! A test's own folder: data, and the logs of every process, which are shown
//! when the test did not say that it passed.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

/// How much of each log is shown, bytes.
const SHOWN: usize = 4_000;

/// The folder.
#[derive(Debug)]
pub struct Scratch {
    folder: tempfile::TempDir,
    passed: AtomicBool,
}

impl Scratch {
    /// A new folder.
    pub fn new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("prosaas-test-").tempdir()?;
        std::fs::create_dir(folder.path().join("logs"))?;
        Ok(Self { folder, passed: AtomicBool::new(false) })
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A folder inside, made if it is not there.
    pub fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// The log of a process of this name.
    pub fn log(&self, name: &str) -> PathBuf {
        self.path().join("logs").join(format!("{name}.log"))
    }

    /// Everything that every process has logged so far.
    pub fn all_logs(&self) -> anyhow::Result<String> {
        let mut all = String::new();
        for entry in std::fs::read_dir(self.path().join("logs"))? {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(entry?.path())?));
        }
        Ok(all)
    }

    /// The test has come to its end: no logs are shown.
    pub fn passed(&self) {
        self.passed.store(true, Ordering::Relaxed);
    }

    fn show_logs(&self) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(self.path().join("logs"))? {
            let path = entry?.path();
            let bytes = std::fs::read(&path)?;
            let tail = bytes.get(bytes.len().saturating_sub(SHOWN)..).unwrap_or_default();
            #[expect(clippy::print_stderr, reason = "a failed test shows what its processes said")]
            {
                eprintln!(
                    "=== {} ({} bytes)\n{}",
                    path.display(),
                    bytes.len(),
                    String::from_utf8_lossy(tail)
                );
            }
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.passed.load(Ordering::Relaxed) {
            let _ = self.show_logs();
        }
    }
}

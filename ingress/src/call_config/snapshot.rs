//! The directory on the local disk, so that a restart answers as before while
//! NATS and Postgres are away.

use std::{io, path::PathBuf};

use prosaas_shared::call_config::CallConfig;

use super::Directory;

/// Where the snapshot lies.
#[derive(Debug, Clone)]
pub struct Snapshot {
    path: PathBuf,
}

impl Snapshot {
    /// A snapshot in the folder of the local log.
    pub fn in_folder(folder: &std::path::Path) -> Self {
        Self { path: folder.join("call_config.json") }
    }

    /// What was saved last; nothing when there is none, and nothing when it
    /// cannot be read: the watch brings a fresh one.
    pub async fn load(&self) -> Vec<CallConfig> {
        let bytes = match tokio::fs::read(&self.path).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                tracing::error!(event = "call_config.snapshot_unreadable", %error, "starting without it");
                return Vec::new();
            }
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::error!(event = "call_config.snapshot_unreadable", %error, "starting without it");
            Vec::new()
        })
    }

    /// Replaces the snapshot whole, or leaves the old one as it was.
    pub async fn save(&self, directory: &Directory) -> io::Result<()> {
        let configs: Vec<_> = directory.configs().collect();
        let bytes = serde_json::to_vec(&configs)?;
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || write_atomically(&path, &bytes))
            .await
            .map_err(io::Error::other)?
    }
}

fn write_atomically(path: &std::path::Path, bytes: &[u8]) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let temporary = path.with_extension(format!("json.{}", std::process::id()));
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    // The rename itself must survive a power cut.
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_damaged_snapshot_is_no_reason_not_to_start() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let snapshot = Snapshot::in_folder(folder.path());
        assert!(snapshot.load().await.is_empty());
        std::fs::write(folder.path().join("call_config.json"), b"{half")?;
        assert!(snapshot.load().await.is_empty());
        snapshot.save(&Directory::default()).await?;
        assert_eq!(std::fs::read(folder.path().join("call_config.json"))?, b"[]");
        Ok(())
    }
}

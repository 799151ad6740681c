//! The directory on the local disk, so that a restart answers as before while
//! NATS and Postgres are away.

use std::{io, path::PathBuf};

use prosaas_domain::call_config::CallConfig;

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
        let entries: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::error!(event = "call_config.snapshot_unreadable", %error, "starting without it");
            Vec::new()
        });
        let read = entries.into_iter().map(serde_json::from_value);
        let reported = read.inspect(|config: &Result<CallConfig, _>| {
            if let Err(error) = config {
                tracing::error!(event = "call_config.snapshot_unreadable", %error, "starting without this business");
            }
        });
        reported.filter_map(Result::ok).collect()
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
        let whole = |settings: &str| {
            format!(
                r#"{{"business_id":"00000000-0000-0000-0000-000000000001","business_name":"Dana",
                    "numbers":[],"time_zone":"Asia/Jerusalem","revision":3,"settings":{settings}}}"#
            )
        };
        let one_unreadable = format!("[{},{}]", whole(r#"{"mode":"newer"}"#), whole("{}"));
        std::fs::write(folder.path().join("call_config.json"), one_unreadable)?;
        assert_eq!(snapshot.load().await.len(), 1, "the others are still answered");
        snapshot.save(&Directory::default()).await?;
        assert_eq!(std::fs::read(folder.path().join("call_config.json"))?, b"[]");
        Ok(())
    }
}

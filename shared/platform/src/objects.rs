//! The object store that keeps the recordings' audio: the workers write it, the
//! ingress reads it.

use std::{ops::Range, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, WriteMultipart, aws::AmazonS3Builder,
    gcp::GoogleCloudStorageBuilder, local::LocalFileSystem, path::Path,
};
use prosaas_domain::ids::RecordingSid;
use sha2::{Digest as _, Sha256};
use url::Url;

/// Parts in flight; with their size (5 MiB, the smallest that S3 takes) this bounds
/// the memory of one recording.
const PARTS_IN_FLIGHT: usize = 2;

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store cannot be set up.
    #[error("RECORDINGS_URL: {0}")]
    Store(#[from] object_store::Error),
    /// The folder cannot be made.
    #[error("RECORDINGS_URL: the folder cannot be used: {0}")]
    Folder(#[from] std::io::Error),
    /// The address cannot be used.
    #[error("RECORDINGS_URL must be file:///folder, s3://bucket/… or gs://bucket/…")]
    Address,
}

/// Why an object was not written. No part of it is visible.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The source broke off.
    #[error("the source broke off: {0}")]
    Source(E),
    /// More came than is allowed.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// Nothing came.
    #[error("it is empty")]
    Empty,
    /// The store failed.
    #[error("the object store failed: {0}")]
    Store(#[from] object_store::Error),
}

/// Why an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there.
    #[error("there is no such object")]
    Missing,
    /// The store failed.
    #[error("the object store failed: {0}")]
    Store(object_store::Error),
}

/// Part of an object, as it comes from the store, piece by piece.
pub type Pieces = BoxStream<'static, Result<Bytes, object_store::Error>>;

/// An object that is safe in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its key below `RECORDINGS_URL`.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// The store, and the folder of it that is ours.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    folder: Path,
    /// The folder, where the store is a local disk.
    local: Option<PathBuf>,
}

impl Objects {
    /// The store that `RECORDINGS_URL` names. S3 and GCS read their credentials by
    /// their SDKs' own names. A local folder is made, for its owner alone.
    pub fn open(url: &Url) -> Result<Self, OpenError> {
        let below =
            Path::from_url_path(url.path().trim_start_matches('/')).map_err(object_store::Error::from)?;
        match url.scheme() {
            "file" => {
                let path = url.to_file_path().map_err(|()| OpenError::Address)?;
                make_private(&path)?;
                let store = LocalFileSystem::new_with_prefix(&path)?.with_fsync(true);
                Ok(Self { store: Arc::new(store), folder: Path::default(), local: Some(path) })
            }
            "s3" => {
                let store = AmazonS3Builder::from_env().with_url(url.as_str()).build()?;
                Ok(Self { store: Arc::new(store), folder: below, local: None })
            }
            "gs" => {
                let store = GoogleCloudStorageBuilder::from_env().with_url(url.as_str()).build()?;
                Ok(Self { store: Arc::new(store), folder: below, local: None })
            }
            _ => Err(OpenError::Address),
        }
    }

    fn path(&self, key: &str) -> Path {
        key.split('/').fold(self.folder.clone(), Path::join)
    }

    /// Streams `source` into the recording's object, which becomes visible only
    /// when it is whole; the same recording again replaces it. On a local disk it
    /// has been synced when this returns.
    pub async fn write<S, E>(
        &self,
        recording: &RecordingSid,
        limit: u64,
        mut source: S,
    ) -> Result<Stored, WriteError<E>>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
        E: Send,
    {
        let key = key_of(recording);
        let mut upload = WriteMultipart::new(self.store.put_multipart(&self.path(&key)).await?);
        let (mut bytes, mut hash) = (0_u64, Sha256::new());
        let problem = loop {
            match source.next().await {
                None if bytes == 0 => break WriteError::Empty,
                None => {
                    upload.finish().await?;
                    return Ok(Stored { key, bytes, sha256: hash.finalize().into() });
                }
                Some(Err(error)) => break WriteError::Source(error),
                Some(Ok(chunk)) => {
                    bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
                    if bytes > limit {
                        break WriteError::TooLarge(limit);
                    }
                    hash.update(&chunk);
                    if let Err(error) = upload.wait_for_capacity(PARTS_IN_FLIGHT).await {
                        break WriteError::Store(error);
                    }
                    upload.put(chunk);
                }
            }
        };
        let _ = upload.abort().await;
        Err(problem)
    }

    /// The recording's object, where there is one: whole, because a part of one is never
    /// visible. Reads it through for its SHA-256.
    pub async fn stored(&self, recording: &RecordingSid) -> Result<Option<Stored>, object_store::Error> {
        let key = key_of(recording);
        let found = match self.store.get(&self.path(&key)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (mut pieces, mut bytes, mut hash) = (found.into_stream(), 0_u64, Sha256::new());
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            hash.update(&piece);
        }
        Ok(Some(Stored { key, bytes, sha256: hash.finalize().into() }))
    }

    /// Deletes what writers that were killed left half-written in a local folder, where nothing
    /// was added to it for that long; says how many files. S3 and GCS keep such parts out of
    /// sight: a rule of the bucket ends them (`docs/SETTINGS.md`).
    pub async fn sweep_unfinished(&self, untouched_for: Duration) -> std::io::Result<usize> {
        let Some(folder) = self.local.clone() else { return Ok(0) };
        tokio::task::spawn_blocking(move || sweep(&folder, untouched_for))
            .await
            .map_err(std::io::Error::other)?
    }

    /// Reads the bytes `range` of an object, of which at most a piece is in memory.
    pub async fn read(&self, key: &str, range: Range<u64>) -> Result<Pieces, ReadError> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        match self.store.get_opts(&self.path(key), options).await {
            Ok(found) => Ok(found.into_stream()),
            Err(object_store::Error::NotFound { .. }) => Err(ReadError::Missing),
            Err(error) => Err(ReadError::Store(error)),
        }
    }

    /// The object's size, where there is one.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, object_store::Error> {
        match self.store.head(&self.path(key)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn key_of(recording: &RecordingSid) -> String {
    format!("{recording}.mp3")
}

/// `object_store` writes `<object>#<number>` and renames it when it is whole.
fn sweep(folder: &std::path::Path, untouched_for: Duration) -> std::io::Result<usize> {
    let mut swept = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.rsplit_once(".mp3#")).map(|(_, number)| number);
        let unfinished = number.is_some_and(|number| number.parse::<u64>().is_ok());
        // It may have been renamed or swept by another worker since the folder was read.
        let Some(touched) = entry.metadata().ok().and_then(|meta| meta.modified().ok()) else { continue };
        let age = touched.elapsed().unwrap_or_default();
        if unfinished && age >= untouched_for && std::fs::remove_file(entry.path()).is_ok() {
            swept += 1;
        }
    }
    Ok(swept)
}

fn make_private(path: &std::path::Path) -> Result<(), std::io::Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn chunks(parts: Vec<Result<Bytes, String>>) -> impl Stream<Item = Result<Bytes, String>> + Unpin + Send {
        stream::iter(parts)
    }

    #[tokio::test]
    async fn an_object_is_whole_or_not_there() -> anyhow::Result<()> {
        let folder = tempfile::TempDir::new()?;
        let url =
            Url::from_directory_path(folder.path().join("new")).map_err(|()| anyhow::anyhow!("path"))?;
        let objects = Objects::open(&url)?;
        let recording: RecordingSid = "RE1".parse()?;
        let part = || Ok(Bytes::from(vec![7_u8; 3 << 20]));
        let broken =
            objects.write(&recording, u64::MAX, chunks(vec![part(), part(), Err("cut".to_owned())])).await;
        assert!(matches!(broken, Err(WriteError::Source(_))));
        let large = objects.write(&recording, 4 << 20, chunks(vec![part(), part()])).await;
        assert!(matches!(large, Err(WriteError::TooLarge(_))));
        let empty = objects.write(&recording, 1, chunks(vec![])).await;
        assert!(matches!(empty, Err(WriteError::Empty)));
        assert_eq!(objects.size("RE1.mp3").await?, None);
        let stored = objects.write(&recording, u64::MAX, chunks(vec![part(), part(), part()])).await?;
        assert_eq!((stored.key.as_str(), stored.bytes), ("RE1.mp3", 9 << 20));
        assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(vec![7_u8; 9 << 20])));
        assert_eq!(objects.size("RE1.mp3").await?, Some(9 << 20));
        let middle: Vec<_> = objects.read("RE1.mp3", 5..9).await?.collect().await;
        assert_eq!(middle.into_iter().collect::<Result<Vec<_>, _>>()?.concat(), [7; 4]);
        assert!(matches!(objects.read("RE2.mp3", 0..1).await, Err(ReadError::Missing)));
        let files = || anyhow::Ok(std::fs::read_dir(folder.path().join("new"))?.count());
        // What is half-written goes beside us.
        let alone = async {
            while files()? != 1 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_mins(2), alone).await?
    }

    #[tokio::test]
    async fn what_a_killed_writer_left_is_swept_and_nothing_else() -> anyhow::Result<()> {
        let folder = tempfile::TempDir::new()?;
        let url = Url::from_directory_path(folder.path()).map_err(|()| anyhow::anyhow!("path"))?;
        let objects = Objects::open(&url)?;
        let recording: RecordingSid = "RE1".parse()?;
        assert_eq!(objects.stored(&recording).await?, None);
        // A writer that is killed runs no destructor.
        std::mem::forget(objects.store.put_multipart(&objects.path("RE1.mp3")).await?);
        let whole = objects.write(&recording, u64::MAX, chunks(vec![Ok("audio".into())])).await?;
        std::fs::write(folder.path().join("notes#1"), "somebody else's")?;
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 3);
        assert_eq!(objects.sweep_unfinished(Duration::from_hours(1)).await?, 0, "it may still be written");
        assert_eq!(objects.sweep_unfinished(Duration::ZERO).await?, 1);
        assert_eq!(objects.stored(&recording).await?, Some(whole));
        assert!(folder.path().join("notes#1").exists());
        Ok(())
    }

    #[tokio::test]
    async fn clouds_are_set_up_with_ring() -> anyhow::Result<()> {
        crate::process::install_tls_provider();
        assert!(Objects::open(&"s3://bucket/audio".parse()?).is_ok());
        assert!(matches!(Objects::open(&"ftp://x/".parse()?), Err(OpenError::Address)));
        Ok(())
    }
}

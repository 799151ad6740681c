//! What `nats/streams.toml` says, read strictly.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{self, AckPolicy, DeliverPolicy},
    kv,
    stream::{self, DiscardPolicy, RetentionPolicy, StorageType},
};
use serde::Deserialize;

use crate::versions::Versions;

/// The file, embedded so that a binary and its definitions cannot differ.
const TOML: &str = include_str!("../../../../nats/streams.toml");

/// Bytes that all streams on disk may take, where nothing else is said
/// (`NATS_STORE_MAX_BYTES`).
pub const DEFAULT_STORE_BYTES: u64 = 4 << 30;

/// The least that leaves each stream room for some of its largest messages.
pub const LEAST_STORE_BYTES: u64 = 128 << 20;

/// Key in a stream's metadata that holds the version of the file which made it.
pub const VERSION_KEY: &str = "prosaas-version";

/// Key in a stream's metadata that holds the lowest version of programs that work on it.
pub const OLDEST_COMPATIBLE_KEY: &str = "prosaas-oldest-compatible";

/// All definitions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definitions {
    /// Grows with every change of a definition.
    pub version: i64,
    /// The lowest version of programs that work on what this file defines.
    pub oldest_compatible: i64,
    /// Streams, with their consumers.
    #[serde(default, rename = "stream")]
    pub streams: Vec<StreamDefinition>,
    /// Key-value buckets.
    #[serde(default, rename = "bucket")]
    pub buckets: Vec<BucketDefinition>,
}

/// One stream.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamDefinition {
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Subjects that it keeps.
    pub subjects: Vec<String>,
    /// How long message ids are remembered, seconds.
    pub duplicate_window_s: u64,
    /// Largest message, headers included, bytes.
    pub max_message_bytes: i32,
    /// Where it is kept; `file` when absent. What is in memory is gone after a restart.
    #[serde(default)]
    pub storage: Storage,
    /// How long messages are kept, seconds; for ever when absent.
    #[serde(default)]
    pub max_age_s: u64,
    /// Its part of the server's store, percent.
    #[serde(default)]
    pub share: Share,
    /// Most bytes kept, where that is no part of the store.
    #[serde(default)]
    pub max_bytes: Option<i64>,
    /// What a full stream does; `new` when absent.
    #[serde(default)]
    pub discard: Discard,
    /// Whether several messages can be published as one batch.
    #[serde(default = "yes")]
    pub allow_atomic: bool,
    /// Its durable consumers.
    #[serde(default, rename = "consumer")]
    pub consumers: Vec<ConsumerDefinition>,
}

/// A part of the server's store for streams on disk, percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Share(Option<u8>);

impl Share {
    /// Its bytes of a store of so many.
    fn of(self, store: u64) -> Option<i64> {
        i64::try_from((store / 100).saturating_mul(u64::from(self.0?))).ok()
    }
}

/// Where a stream is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// On disk: what is acknowledged survives a power cut.
    #[default]
    File,
    /// In memory.
    Memory,
}

/// What a full stream does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discard {
    /// It refuses what comes: nothing is lost.
    #[default]
    New,
    /// It drops what is oldest.
    Old,
}

/// One durable pull consumer with explicit acks, of all that its stream keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumerDefinition {
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// After how long without an ack a message is delivered again, seconds.
    pub ack_wait_s: u64,
    /// After how many deliveries the server gives a message up.
    pub max_deliver: i64,
    /// How many messages may be out without an ack.
    pub max_ack_pending: i64,
}

/// One key-value bucket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketDefinition {
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Values kept of each key.
    pub history: i64,
    /// Largest value, bytes.
    pub max_value_bytes: i32,
    /// Its part of the server's store, percent.
    pub share: Share,
}

fn yes() -> bool {
    true
}

impl Definitions {
    /// The definitions of this build.
    pub fn embedded() -> Result<Self, toml::de::Error> {
        Self::parse(TOML)
    }

    /// Reads definitions; an unknown field is an error.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What each stream carries.
    pub const fn versions(&self) -> Versions {
        Versions { version: self.version, oldest_compatible: self.oldest_compatible }
    }
}

/// What a stream carries. One that says only its version is of a release before there was more to
/// say, and a lower version than that worked on none.
pub fn carried(config: &stream::Config) -> Versions {
    let of = |key| config.metadata.get(key).and_then(|value| value.parse().ok());
    let version = of(VERSION_KEY).unwrap_or(0);
    Versions { version, oldest_compatible: of(OLDEST_COMPATIBLE_KEY).unwrap_or(version) }
}

impl StreamDefinition {
    /// Whether a restart of the server takes it along.
    pub fn is_volatile(&self) -> bool {
        self.storage == Storage::Memory
    }

    /// `existing` with every field set that we care about, and no other touched. How large
    /// it is, is only known to whoever knows the size of the store.
    pub fn onto(&self, existing: stream::Config, versions: Versions, store: Option<u64>) -> stream::Config {
        let share = store.and_then(|store| self.share.of(store));
        let mut config = stream::Config {
            name: self.name.clone(),
            description: Some(self.description.clone()),
            subjects: self.subjects.clone(),
            retention: RetentionPolicy::Limits,
            storage: match self.storage {
                Storage::File => StorageType::File,
                Storage::Memory => StorageType::Memory,
            },
            discard: match self.discard {
                Discard::New => DiscardPolicy::New,
                Discard::Old => DiscardPolicy::Old,
            },
            max_age: Duration::from_secs(self.max_age_s),
            max_bytes: self.max_bytes.or(share).unwrap_or(existing.max_bytes),
            max_message_size: self.max_message_bytes,
            duplicate_window: Duration::from_secs(self.duplicate_window_s),
            allow_atomic_publish: self.allow_atomic,
            allow_direct: true,
            persist_mode: None,
            ..existing
        };
        config.metadata.insert(VERSION_KEY.to_owned(), versions.version.to_string());
        config.metadata.insert(OLDEST_COMPATIBLE_KEY.to_owned(), versions.oldest_compatible.to_string());
        config
    }
}

impl ConsumerDefinition {
    /// `existing` with every field set that we care about, and no other touched.
    pub fn onto(&self, existing: consumer::pull::Config) -> consumer::pull::Config {
        consumer::pull::Config {
            durable_name: Some(self.name.clone()),
            name: Some(self.name.clone()),
            description: Some(self.description.clone()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            filter_subject: String::new(),
            filter_subjects: Vec::new(),
            ack_wait: Duration::from_secs(self.ack_wait_s),
            max_deliver: self.max_deliver,
            max_ack_pending: self.max_ack_pending,
            backoff: Vec::new(),
            ..existing
        }
    }
}

impl BucketDefinition {
    /// Most bytes of all its values.
    pub fn max_bytes(&self, store: u64) -> i64 {
        self.share.of(store).unwrap_or(-1)
    }

    /// The bucket as a configuration for its creation.
    pub fn config(&self, store: u64) -> kv::Config {
        kv::Config {
            bucket: self.name.clone(),
            description: self.description.clone(),
            history: self.history,
            max_value_size: self.max_value_bytes,
            max_bytes: self.max_bytes(store),
            storage: StorageType::File,
            ..kv::Config::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;
    use prosaas_events::subjects::{CALL_CONFIG_BUCKET, LIVE_ALL, LIVE_STREAM, Stream, consumers};

    use super::*;

    #[test]
    fn the_embedded_file_defines_what_the_code_names() -> anyhow::Result<()> {
        let definitions = Definitions::embedded()?;
        for stream in Stream::ALL {
            let found = definitions.streams.iter().find(|d| d.name == stream.name());
            assert!(found.is_some_and(|d| d.allow_atomic), "{stream} must take atomic batches");
            let keeps = found
                .is_some_and(|d| d.storage == Storage::File && d.discard == Discard::New && d.max_age_s == 0);
            assert!(keeps, "{stream} must lose nothing");
        }
        let live = definitions.streams.iter().find(|d| d.name == LIVE_STREAM);
        assert!(live.is_some_and(|d| d.subjects == [LIVE_ALL] && d.storage == Storage::Memory));
        let names: Vec<_> =
            definitions.streams.iter().flat_map(|d| &d.consumers).map(|c| c.name.as_str()).collect();
        for name in [consumers::CALLS, consumers::RECORDINGS, consumers::CRM, consumers::WHATSAPP] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(definitions.buckets.iter().any(|b| b.name == CALL_CONFIG_BUCKET));
        Ok(())
    }

    #[test]
    fn every_stream_on_disk_is_full_before_the_store_is() -> anyhow::Result<()> {
        let definitions = Definitions::embedded()?;
        let store = LEAST_STORE_BYTES;
        let mut reserved = 0;
        for stream in definitions.streams.iter().filter(|stream| stream.storage == Storage::File) {
            let config = stream.onto(stream::Config::default(), definitions.versions(), Some(store));
            let least =
                if stream.share == Share::default() { 1 } else { i64::from(stream.max_message_bytes) };
            assert!(config.max_bytes >= least, "{}", stream.name);
            reserved += u64::try_from(config.max_bytes)?;
        }
        for bucket in &definitions.buckets {
            reserved += u64::try_from(bucket.max_bytes(store))?;
        }
        assert!(reserved <= store / 100 * 91, "{reserved} of {store} are reserved");
        Ok(())
    }

    #[test]
    fn a_stream_carries_what_the_file_says_and_an_older_one_its_version_alone() -> anyhow::Result<()> {
        let definitions = Definitions::embedded()?;
        let ours = definitions.versions();
        assert!(ours.oldest_compatible <= ours.version, "{ours:?}");
        let stream = definitions.streams.first().context("no stream")?;
        let mut config = stream.onto(stream::Config::default(), ours, None);
        assert_eq!(carried(&config), ours);
        config.metadata.insert(VERSION_KEY.to_owned(), "7".to_owned());
        config.metadata.remove(OLDEST_COMPATIBLE_KEY);
        assert_eq!(carried(&config), Versions { version: 7, oldest_compatible: 7 });
        assert_eq!(carried(&stream::Config::default()), Versions { version: 0, oldest_compatible: 0 });
        Ok(())
    }

    #[test]
    fn a_field_that_nobody_reads_is_refused() {
        let text = "version = 1\noldest_compatible = 1\n[[stream]]\nname='X'\ndescription=''\nsubjects=['x']\nduplicate_window_s=1\nmax_message_bytes=1\nmax_age=5\n";
        let error = Definitions::parse(text).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("max_age"), "{error}");
    }
}

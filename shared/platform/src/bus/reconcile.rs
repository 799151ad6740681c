//! Makes the server's streams, consumers and buckets what the definitions say.

use async_nats::jetstream::{self, consumer::pull, context::GetStreamErrorKind, stream};

use super::definitions::{
    BucketDefinition, ConsumerDefinition, Definitions, Discard, StreamDefinition, carried,
};
use crate::versions::{Standing, TooOld, Versions};

/// Why the server cannot be made what the definitions say.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The embedded file cannot be read.
    #[error("nats/streams.toml: {0}")]
    Parse(#[from] toml::de::Error),
    /// A newer release's definitions are not for this program.
    #[error("stream {name} has {cause}")]
    TooOld {
        /// Its name.
        name: String,
        /// Both versions.
        cause: TooOld,
    },
    /// The server answers that it will not: waiting changes nothing.
    #[error("{kind} {name} cannot be {action}: {cause}")]
    Refused {
        /// Stream, consumer or bucket.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What was tried.
        action: &'static str,
        /// The server's words.
        cause: String,
    },
    /// The server does not answer, or not yet.
    #[error("{kind} {name} cannot be {action}: {cause}")]
    Server {
        /// Stream, consumer or bucket.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What was tried.
        action: &'static str,
        /// The server's words.
        cause: String,
    },
    /// It is not what the definitions say, and only looking was asked for.
    #[error("{kind} {name} is not as nats/streams.toml says: run `prosaas-ops setup`")]
    Stale {
        /// Stream, consumer or bucket.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A stream would be full at once.
    #[error(
        "{kind} {name} holds {held} bytes and would get {wanted}: raise NATS_STORE_MAX_BYTES, for nats-server too"
    )]
    TooSmall {
        /// Stream or bucket.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What it holds, bytes.
        held: u64,
        /// What it would be limited to, bytes.
        wanted: i64,
    },
    /// The server took the change and yet differs.
    #[error("{kind} {name} still differs from nats/streams.toml after its update")]
    Differs {
        /// Stream, consumer or bucket.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

/// What was done, for the one who runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Stream, consumer or bucket.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// `created` or `updated`.
    pub action: &'static str,
}

/// What became of the definitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was done.
    pub changes: Vec<Change>,
    /// A newer release's versions, where its definitions were left as they are.
    pub newer: Option<Versions>,
}

/// What to do where the server differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Create or update, in a store of so many bytes.
    Apply(u64),
    /// Fail.
    Verify,
}

impl Mode {
    const fn store(self) -> Option<u64> {
        match self {
            Self::Apply(store) => Some(store),
            Self::Verify => None,
        }
    }

    fn may_change(self, kind: &'static str, name: &str) -> Result<(), ApplyError> {
        match self {
            Self::Apply(_) => Ok(()),
            Self::Verify => Err(ApplyError::Stale { kind, name: name.to_owned() }),
        }
    }
}

fn server(
    kind: &'static str,
    name: &str,
    action: &'static str,
) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> ApplyError {
    let name = name.to_owned();
    move |error| {
        let cause = error.to_string();
        if is_refusal(error.as_ref()) {
            ApplyError::Refused { kind, name, action, cause }
        } else {
            ApplyError::Server { kind, name, action, cause }
        }
    }
}

/// Whether it is the server's own answer, and none that says "later" (503).
fn is_refusal(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    use jetstream::{
        context::{CreateStreamError, CreateStreamErrorKind},
        stream::{ConsumerError, ConsumerErrorKind, ConsumerUpdateError, ConsumerUpdateErrorKind},
    };
    let answered = if let Some(error) = error.downcast_ref::<CreateStreamError>() {
        if let CreateStreamErrorKind::JetStream(answer) = error.kind() { Some(answer) } else { None }
    } else if let Some(error) = error.downcast_ref::<ConsumerError>() {
        if let ConsumerErrorKind::JetStream(answer) = error.kind() { Some(answer) } else { None }
    } else if let Some(error) = error.downcast_ref::<ConsumerUpdateError>() {
        if let ConsumerUpdateErrorKind::JetStream(answer) = error.kind() { Some(answer) } else { None }
    } else {
        None
    };
    answered.is_some_and(|answer| answer.code() != 503)
}

/// Applies this build's definitions in a store of so many bytes. Idempotent, and safe to run from several
/// processes at once: each step compares first and the server serialises updates. A newer release's
/// definitions stay as they are, where this program works on them.
///
/// # Errors
/// [`ApplyError::TooOld`] where it does not, and whatever keeps the definitions from being applied.
pub async fn apply(js: &jetstream::Context, store: u64) -> Result<Outcome, ApplyError> {
    reconcile(js, &Definitions::embedded()?, Mode::Apply(store)).await
}

/// Fails unless the server is what this build's definitions say, or what a newer release's say on which
/// this program works. For processes that may not change definitions; only a memory stream, which every
/// restart of the server takes along, is made again by whoever misses it.
pub async fn verify(js: &jetstream::Context) -> Result<Outcome, ApplyError> {
    reconcile(js, &Definitions::embedded()?, Mode::Verify).await
}

/// Judges what these streams carry, as far as they are there; gives back the versions of a newer
/// release's, on which this program works.
///
/// # Errors
/// When it does not, or the server does not answer.
pub async fn judge(
    js: &jetstream::Context,
    names: impl IntoIterator<Item = &str>,
) -> Result<Option<Versions>, ApplyError> {
    let mine = Definitions::embedded()?.version;
    let mut newer = None;
    for name in names {
        match js.get_stream(name).await {
            Ok(stream) => {
                let theirs = carried(&stream.cached_info().config);
                if standing(theirs, mine, name)? == Standing::Newer {
                    newer = Some(theirs);
                }
            }
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(server("stream", name, "read")(Box::new(error))),
        }
    }
    Ok(newer)
}

fn standing(theirs: Versions, mine: i64, name: &str) -> Result<Standing, ApplyError> {
    theirs.judge(mine).map_err(|cause| ApplyError::TooOld { name: name.to_owned(), cause })
}

/// Fails while JetStream does not answer.
pub async fn answers(js: &jetstream::Context) -> Result<(), ApplyError> {
    js.query_account().await.map(drop).map_err(|error| server("server", "NATS", "asked")(Box::new(error)))
}

/// Makes the memory streams again that a restart of the server took along.
pub async fn restore_volatile(js: &jetstream::Context) -> Result<Vec<Change>, ApplyError> {
    let definitions = Definitions::embedded()?;
    let mut changes = Vec::new();
    for definition in definitions.streams.iter().filter(|stream| stream.is_volatile()) {
        changes.extend(apply_stream(js, definition, definitions.versions(), Mode::Verify).await?.1);
    }
    Ok(changes)
}

async fn reconcile(
    js: &jetstream::Context,
    definitions: &Definitions,
    mode: Mode,
) -> Result<Outcome, ApplyError> {
    // All streams before the first change: a newer release's setup may have been stopped halfway.
    let names = definitions.streams.iter().map(|stream| stream.name.as_str());
    let newer = judge(js, names).await?;
    if newer.is_some() {
        return Ok(Outcome { changes: Vec::new(), newer });
    }
    let mut changes = Vec::new();
    for definition in &definitions.streams {
        let (stream, change) = apply_stream(js, definition, definitions.versions(), mode).await?;
        changes.extend(change);
        for consumer in &definition.consumers {
            changes.extend(apply_consumer(&stream, consumer, mode).await?);
        }
    }
    for bucket in &definitions.buckets {
        changes.extend(apply_bucket(js, bucket, mode).await?);
    }
    Ok(Outcome { changes, newer: None })
}

async fn apply_stream(
    js: &jetstream::Context,
    definition: &StreamDefinition,
    versions: Versions,
    mode: Mode,
) -> Result<(stream::Stream, Option<Change>), ApplyError> {
    const KIND: &str = "stream";
    let name = definition.name.as_str();
    let change = |action| Some(Change { kind: KIND, name: name.to_owned(), action });
    let existing = match js.get_stream(name).await {
        Ok(stream) => stream,
        Err(error) if is_missing(&error) => {
            if !definition.is_volatile() {
                mode.may_change(KIND, name)?;
            }
            let wanted = definition.onto(stream::Config::default(), versions, mode.store());
            let created =
                js.create_stream(wanted).await.map_err(|e| server(KIND, name, "created")(Box::new(e)))?;
            return Ok((created, change("created")));
        }
        Err(error) => return Err(server(KIND, name, "read")(Box::new(error))),
    };
    let held = existing.cached_info().config.clone();
    let is_newer = standing(carried(&held), versions.version, name)? == Standing::Newer;
    let wanted = definition.onto(held.clone(), versions, mode.store());
    if is_newer || wanted == held {
        return Ok((existing, None));
    }
    mode.may_change(KIND, name)?;
    refuse_too_small(KIND, name, &existing, wanted.max_bytes, definition.discard)?;
    let updated =
        js.update_stream(&wanted).await.map_err(|e| server(KIND, name, "updated")(Box::new(e)))?.config;
    if definition.onto(updated.clone(), versions, mode.store()) != updated {
        return Err(ApplyError::Differs { kind: KIND, name: name.to_owned() });
    }
    Ok((existing, change("updated")))
}

fn is_missing(error: &jetstream::context::GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(e) if e.code() == 404)
}

/// A stream that drops what is oldest makes itself fit.
fn refuse_too_small(
    kind: &'static str,
    name: &str,
    existing: &stream::Stream,
    wanted: i64,
    discard: Discard,
) -> Result<(), ApplyError> {
    let held = existing.cached_info().state.bytes;
    if discard == Discard::New && u64::try_from(wanted).is_ok_and(|wanted| wanted < held) {
        return Err(ApplyError::TooSmall { kind, name: name.to_owned(), held, wanted });
    }
    Ok(())
}

async fn apply_consumer(
    stream: &stream::Stream,
    definition: &ConsumerDefinition,
    mode: Mode,
) -> Result<Option<Change>, ApplyError> {
    const KIND: &str = "consumer";
    let name = definition.name.as_str();
    let change = |action| Some(Change { kind: KIND, name: name.to_owned(), action });
    let Ok(existing) = stream.get_consumer::<pull::Config>(name).await else {
        mode.may_change(KIND, name)?;
        stream
            .create_consumer(definition.onto(pull::Config::default()))
            .await
            .map_err(|e| server(KIND, name, "created")(Box::new(e)))?;
        return Ok(change("created"));
    };
    let held = held_consumer(&existing.cached_info().config, name)?;
    let wanted = definition.onto(held.clone());
    if wanted == held {
        return Ok(None);
    }
    mode.may_change(KIND, name)?;
    let updated = stream
        .update_consumer(wanted.clone())
        .await
        .map_err(|e| server(KIND, name, "updated")(Box::new(e)))?;
    let held = held_consumer(&updated.cached_info().config, name)?;
    if definition.onto(held.clone()) != held {
        return Err(ApplyError::Differs { kind: KIND, name: name.to_owned() });
    }
    Ok(change("updated"))
}

fn held_consumer(config: &jetstream::consumer::Config, name: &str) -> Result<pull::Config, ApplyError> {
    use jetstream::consumer::FromConsumer;
    pull::Config::try_from_consumer_config(config.clone()).map_err(server("consumer", name, "read"))
}

async fn apply_bucket(
    js: &jetstream::Context,
    definition: &BucketDefinition,
    mode: Mode,
) -> Result<Option<Change>, ApplyError> {
    const KIND: &str = "bucket";
    let name = definition.name.as_str();
    let change = |action| Some(Change { kind: KIND, name: name.to_owned(), action });
    let Ok(existing) = js.get_stream(format!("KV_{name}")).await else {
        mode.may_change(KIND, name)?;
        js.create_key_value(definition.config(mode.store().unwrap_or_default()))
            .await
            .map_err(|e| server(KIND, name, "created")(Box::new(e)))?;
        return Ok(change("created"));
    };
    let held = &existing.cached_info().config;
    let sized = mode.store().is_none_or(|store| held.max_bytes == definition.max_bytes(store));
    let same = sized
        && held.max_messages_per_subject == definition.history
        && held.max_message_size == definition.max_value_bytes
        && held.description.as_deref() == Some(definition.description.as_str());
    if same {
        return Ok(None);
    }
    mode.may_change(KIND, name)?;
    let wanted = definition.config(mode.store().unwrap_or_default());
    refuse_too_small(KIND, name, &existing, wanted.max_bytes, Discard::New)?;
    js.update_key_value(wanted).await.map_err(|e| server(KIND, name, "updated")(Box::new(e)))?;
    Ok(change("updated"))
}

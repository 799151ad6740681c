//! Follows the stream of live updates for everybody who listens here.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use async_nats::{
    Client,
    jetstream::{
        self,
        consumer::{DeliverPolicy, ReplayPolicy, push},
        stream::Stream,
    },
};
use futures_util::StreamExt as _;
use prosaas_events::{live::LiveUpdate, subjects};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{
    ring::{Entry, Last, Position, Ring},
    slots::Slots,
};

/// Pause before the stream is looked for again.
const RESTART: Duration = Duration::from_secs(1);

/// How often it is made sure that the stream is still the same one.
const CHECK: Duration = Duration::from_secs(10);

/// Updates that a listener may be behind before it is told to read again.
const BEHIND: usize = 1_024;

/// What listeners are told.
#[derive(Debug, Clone)]
pub enum News {
    /// Something changed.
    Update(Arc<Entry>),
    /// Something may have been missed.
    Reset,
}

/// The follower; cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub(Arc<State>);

#[derive(Debug)]
struct State {
    client: Client,
    ring: Mutex<Option<Ring>>,
    news: broadcast::Sender<News>,
    caught_up: watch::Sender<bool>,
    following: AtomicBool,
    closing: CancellationToken,
    slots: Slots,
}

/// What a listener begins with.
pub struct Subscription {
    /// What it has missed; none when that cannot be told.
    pub missed: Option<Vec<Arc<Entry>>>,
    /// Where it stands then.
    pub head: Position,
    /// What comes.
    pub news: broadcast::Receiver<News>,
}

impl Hub {
    /// Follows nothing yet.
    pub fn new(client: Client) -> Self {
        Self(Arc::new(State {
            client,
            ring: Mutex::new(None),
            news: broadcast::Sender::new(BEHIND),
            caught_up: watch::Sender::new(false),
            following: AtomicBool::new(false),
            closing: CancellationToken::new(),
            slots: Slots::default(),
        }))
    }

    /// Who listens.
    pub fn slots(&self) -> &Slots {
        &self.0.slots
    }

    /// Resolves when the ingress stops: every stream ends then.
    pub async fn closed(&self) {
        self.0.closing.cancelled().await;
    }

    /// Waits until what the stream holds has been read, at most so long.
    pub async fn caught_up(&self, longest: Duration) {
        let mut caught_up = self.0.caught_up.subscribe();
        let _ = tokio::time::timeout(longest, caught_up.wait_for(|caught_up| *caught_up)).await;
    }

    /// Begins to listen.
    pub fn subscribe(&self, last: Last) -> Subscription {
        let ring = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock: no update is both missed and not announced.
        let news = self.0.news.subscribe();
        let missed = match (last, ring.as_ref()) {
            (Last::New, _) => Some(Vec::new()),
            (Last::At(last), Some(ring)) => ring.since(last),
            (Last::At(_) | Last::Unknown, _) => None,
        };
        Subscription { missed, head: head(ring.as_ref()), news }
    }

    /// Where the stream stands now.
    pub fn head(&self) -> Position {
        head(self.0.ring.lock().unwrap_or_else(PoisonError::into_inner).as_ref())
    }

    /// Follows the stream until `stop`. It never gives up: while NATS is away, nothing
    /// is announced; a listener that missed something is told so.
    pub async fn follow(self, stop: CancellationToken) {
        if self.0.following.swap(true, Ordering::SeqCst) {
            return;
        }
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => break,
                ended = self.follow_once() => ended,
            };
            if let Err(error) = ended {
                tracing::debug!(event = "live.follow_ended", %error, "beginning again");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(RESTART) => {}
            }
        }
        self.0.closing.cancel();
    }

    async fn follow_once(&self) -> anyhow::Result<()> {
        let js = jetstream::new(self.0.client.clone());
        let connects = self.connects();
        let stream = js.get_stream(subjects::LIVE_STREAM).await?;
        let epoch = epoch(&stream)?;
        let state = &stream.cached_info().state;
        let last = state.last_sequence;
        let from = self.resume(epoch, state.first_sequence);
        let consumer = stream
            .create_consumer(push::OrderedConfig {
                deliver_subject: self.0.client.new_inbox(),
                deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from },
                replay_policy: ReplayPolicy::Instant,
                ..push::OrderedConfig::default()
            })
            .await?;
        let mut messages = consumer.messages().await?;
        self.note(last);
        let mut check = tokio::time::interval(CHECK);
        loop {
            tokio::select! {
                message = messages.next() => {
                    let message = message.context("the consumer ended")??;
                    // After a new connection the stream may be another one.
                    if self.connects() != connects {
                        return Ok(());
                    }
                    let sequence = message.info().map_err(anyhow::Error::from_boxed)?.stream_sequence;
                    self.take(Position { epoch, sequence }, &message.subject, &message.payload);
                    self.note(last);
                }
                _ = check.tick() => {
                    let now = js.get_stream(subjects::LIVE_STREAM).await?;
                    if self.connects() != connects || self::epoch(&now)? != epoch {
                        return Ok(());
                    }
                    if now.cached_info().state.messages == 0 {
                        self.0.caught_up.send_replace(true);
                    }
                }
            }
        }
    }

    /// How often the client has connected.
    fn connects(&self) -> u64 {
        self.0.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// From which message on the stream is read. Of another stream than before, or of
    /// one that has dropped what was not read yet, listeners are told to read again.
    fn resume(&self, epoch: i64, first: u64) -> u64 {
        let mut ring = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first.max(1);
        if let Some(held) = ring.as_ref() {
            let head = held.head();
            if head.epoch == epoch && head.sequence + 1 >= first {
                return head.sequence + 1;
            }
            tracing::info!(event = "live.reset", "live updates may have been missed");
        }
        *ring = Some(Ring::behind(Position { epoch, sequence: first - 1 }));
        // Also the first time: who has listened since before then has missed something.
        let _ = self.0.news.send(News::Reset);
        first
    }

    /// Notes whether all that the stream held has been read.
    fn note(&self, last: u64) {
        if self.head().sequence >= last {
            self.0.caught_up.send_if_modified(|caught_up| !std::mem::replace(caught_up, true));
        }
    }

    fn take(&self, position: Position, subject: &str, payload: &[u8]) {
        let (Some(business), Ok(update)) =
            (business_of(subject), serde_json::from_slice::<LiveUpdate>(payload))
        else {
            tracing::warn!(event = "live.unreadable", "an update cannot be read");
            return;
        };
        let Ok(json) = serde_json::to_string(&update) else { return };
        let entry = Arc::new(Entry { position, business, update, json });
        let mut ring = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.as_mut().is_some_and(|ring| ring.push(Arc::clone(&entry))) {
            // Nobody listens: then there is nobody to tell.
            let _ = self.0.news.send(News::Update(entry));
        }
    }
}

fn head(ring: Option<&Ring>) -> Position {
    ring.map_or(Position { epoch: 0, sequence: 0 }, Ring::head)
}

fn epoch(stream: &Stream) -> anyhow::Result<i64> {
    let created = stream.cached_info().created.unix_timestamp_nanos() / 1_000;
    Ok(i64::try_from(created)?)
}

/// `live.<business|system>.…`: the outer option is whether it can be read.
#[expect(clippy::option_option, reason = "unreadable, the system's own and a business's are three things")]
fn business_of(subject: &str) -> Option<Option<prosaas_domain::ids::BusinessId>> {
    let whose = subject.strip_prefix("live.")?.split('.').next()?;
    if whose == "system" { Some(None) } else { whose.parse().ok().map(Some) }
}

//! What is told of one failure, whoever tells it.

use async_nats::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use prosaas_dead_letters::{fingerprint::fingerprint, identity, terms};
use prosaas_domain::ids::BusinessId;
use prosaas_events::dead_letter::{AttemptV1, DeadLetterV1};
use serde_json::Value;
use uuid::Uuid;

use crate::text::storable;

/// Who tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The worker, which knows why.
    Verdict,
    /// The server, which knows only that.
    Advisory,
}

impl Source {
    /// The word that the column has.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Advisory => "advisory",
        }
    }

    /// Who tells what the column says.
    pub fn parse(word: &str) -> Self {
        if word == Self::Advisory.as_str() { Self::Advisory } else { Self::Verdict }
    }
}

/// One failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// `<stream>:<sequence>:<consumer>` of the message.
    pub key: String,
    /// Who tells it.
    pub source: Source,
    /// The stream; none where no stream took the event.
    pub stream: Option<String>,
    /// The sequence there.
    pub sequence: Option<u64>,
    /// The event's own subject.
    pub subject: String,
    /// The message's headers.
    pub headers: Vec<(String, String)>,
    /// The bytes; none where they are gone.
    pub payload: Option<Vec<u8>>,
    /// How many there were.
    pub payload_bytes: usize,
    /// The consumer that gave up.
    pub consumer: String,
    /// Which process.
    pub process: Option<String>,
    /// Deliveries.
    pub attempts: u64,
    /// The outermost error first.
    pub error_chain: Vec<String>,
    /// The column's word.
    pub reason: &'static str,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// When it was given up.
    pub died_at: DateTime<Utc>,
    /// Attempts before the last.
    pub earlier: Vec<AttemptV1>,
}

/// What the event says of itself, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The CloudEvents id.
    pub id: Option<String>,
    /// Its type.
    pub event_type: Option<String>,
    /// What it is about.
    pub entity: Option<String>,
    /// Its business.
    pub business: Option<BusinessId>,
    /// What people search by.
    pub terms: Vec<String>,
}

/// Which replay failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replay {
    /// The dead letter that was replayed.
    pub of: Option<Uuid>,
    /// Which replay of it, from 1; 0 for the first life.
    pub count: i32,
    /// The replay's number, where a succeeded event ran again.
    pub again: Option<i64>,
    /// The item of the replay.
    pub item: Option<(Uuid, i64)>,
}

impl Report {
    /// What a worker published.
    pub fn of_verdict(letter: DeadLetterV1) -> Self {
        Self {
            key: letter.id,
            source: Source::Verdict,
            stream: letter.stream,
            sequence: letter.stream_sequence,
            subject: letter.subject,
            headers: letter.headers,
            payload: STANDARD.decode(&letter.payload_base64).ok(),
            payload_bytes: letter.payload_bytes,
            consumer: letter.consumer,
            process: Some(letter.worker),
            attempts: letter.attempts,
            error_chain: letter.error_chain,
            reason: letter.reason.as_str(),
            trace_id: letter.trace_id,
            died_at: letter.died_at,
            earlier: letter.earlier_attempts,
        }
    }

    /// What the event says of itself.
    pub fn envelope(&self) -> Envelope {
        let Some(event) =
            self.payload.as_deref().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok())
        else {
            return Envelope::default();
        };
        let text = |name: &str| event.get(name)?.as_str().map(storable);
        let business = text("businessid").and_then(|id| id.parse().ok());
        Envelope {
            id: text("id"),
            event_type: text("type"),
            entity: text("subject"),
            business,
            terms: terms::terms_of(&event),
        }
    }

    /// Which replay it was, by its headers.
    pub fn replay(&self) -> Replay {
        let header = |name: &str| {
            let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let item = header(identity::REPLAY_ITEM).and_then(|item| {
            let (job, position) = item.split_once(':')?;
            Some((job.parse().ok()?, position.parse().ok()?))
        });
        Replay {
            of: header(identity::REPLAY_OF).and_then(|id| id.parse().ok()),
            count: header(identity::REPLAY_COUNT).and_then(|count| count.parse().ok()).unwrap_or(0),
            again: header(identity::REPLAY_AGAIN).and_then(|number| number.parse().ok()),
            item,
        }
    }

    /// What it has in common with failures of the same kind.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.consumer, &self.error_chain)
    }
}

/// A message's headers as pairs.
pub(crate) fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |v| (name.to_string(), v.as_str().to_owned())))
        .collect()
}

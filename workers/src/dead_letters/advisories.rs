//! The worker that files what the server gave up, or saw given up.

use std::time::Duration;

use async_nats::jetstream;
use chrono::{DateTime, Utc};
use prosaas_events::{
    DecodeError,
    subjects::{self, ADVISORIES_STREAM, Stream, consumers},
};
use prosaas_platform::telemetry::TraceParent;
use serde::Deserialize;
use sqlx::PgPool;

use super::{
    file::file,
    report::{Report, Source, pairs},
    verdicts::bare_meta,
};
use crate::{
    live::Live,
    runtime::{Cause, Delivery, Done, Failure, Meta, Worker},
};

/// How long the worker's own report has to be filed before the server's is.
const HEAD_START: Duration = Duration::from_secs(3);

/// The end of the type of an advisory that says: delivered as often as allowed.
const MAX_DELIVER: &str = "max_deliver";

/// An advisory that a consumer will deliver a message no more
/// (<https://docs.nats.io/running-a-nats-service/nats_admin/monitoring/monitoring_jetstream>).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Advisory {
    /// Its own id.
    pub id: String,
    /// `io.nats.jetstream.advisory.v1.max_deliver` or `….terminated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    pub timestamp: DateTime<Utc>,
    /// The message's stream.
    pub stream: String,
    /// The consumer.
    pub consumer: String,
    /// The message's sequence in the stream.
    pub stream_seq: u64,
    /// How often it was delivered.
    #[serde(default)]
    pub deliveries: u64,
}

/// Files advisories.
#[derive(Clone)]
pub struct AdvisoriesWorker {
    pool: PgPool,
    context: jetstream::Context,
    live: Live,
}

impl AdvisoriesWorker {
    /// A worker that fetches messages there and files in that database.
    pub fn new(pool: PgPool, context: jetstream::Context, live: Live) -> Self {
        Self { pool, context, live }
    }

    /// Whether this failure is filed already.
    async fn is_told(&self, advisory: &Advisory) -> Result<bool, Failure> {
        let told = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM prosaas.dead_letter_reports WHERE key = $1) AS "told!""#,
            key(advisory)
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(told)
    }

    async fn report(&self, advisory: &Advisory, exceeded: bool) -> Result<Report, Failure> {
        let message = self.original(&advisory.stream, advisory.stream_seq).await?;
        let (reason, words) = if exceeded {
            ("max_deliveries", "the server gave the event up: no delivery of it ended with a verdict")
        } else {
            ("terminated", "the event was terminated, and no worker told why")
        };
        let mut report = Report {
            key: key(advisory),
            source: Source::Advisory,
            stream: Some(advisory.stream.clone()),
            sequence: Some(advisory.stream_seq),
            subject: "unknown".to_owned(),
            headers: Vec::new(),
            payload: None,
            payload_bytes: 0,
            consumer: advisory.consumer.clone(),
            process: None,
            attempts: advisory.deliveries,
            error_chain: vec![words.to_owned()],
            reason,
            trace_id: None,
            died_at: advisory.timestamp,
            earlier: Vec::new(),
        };
        if let Some(message) = message {
            subjects::original(&message.subject).clone_into(&mut report.subject);
            report.headers = pairs(&message.headers);
            report.payload_bytes = message.payload.len();
            report.trace_id = trace_id(&message.payload);
            report.payload = Some(message.payload.to_vec());
        }
        Ok(report)
    }

    /// The message, where the stream still has it.
    async fn original(
        &self,
        stream: &str,
        sequence: u64,
    ) -> Result<Option<jetstream::message::StreamMessage>, Failure> {
        use jetstream::stream::LastRawMessageErrorKind::NoMessageFound;
        let away = |cause: Cause| Failure::Retry { after: Some(Duration::from_secs(2)), cause };
        let stream = self.context.get_stream(stream).await.map_err(|error| away(error.into()))?;
        match stream.get_raw_message(sequence).await {
            Ok(message) => Ok(Some(message)),
            Err(error) if matches!(error.kind(), NoMessageFound) => Ok(None),
            Err(error) => Err(away(error.into())),
        }
    }
}

/// As a worker that gives the message up names its dead letter.
fn key(advisory: &Advisory) -> String {
    format!("{}:{}:{}", advisory.stream, advisory.stream_seq, advisory.consumer)
}

fn trace_id(payload: &[u8]) -> Option<String> {
    let event: serde_json::Value = serde_json::from_slice(payload).ok()?;
    TraceParent::parse(event.get("traceparent")?.as_str()?).map(|trace| trace.trace_id())
}

impl Worker for AdvisoriesWorker {
    /// None where the bytes are no advisory, which only a newer server could send.
    type Event = Option<Advisory>;

    fn stream(&self) -> &'static str {
        ADVISORIES_STREAM
    }

    fn consumer(&self) -> &'static str {
        consumers::ADVISORIES
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, Option<Advisory>), DecodeError> {
        Ok(match serde_json::from_slice::<Advisory>(bytes) {
            Ok(advisory) => (bare_meta(advisory.id.clone(), "advisory"), Some(advisory)),
            Err(error) => {
                tracing::error!(event = "dead_letters.advisory_unreadable", %error);
                (bare_meta(String::new(), "advisory"), None)
            }
        })
    }

    async fn handle(
        &self,
        delivery: &Delivery,
        _: &Meta,
        advisory: &Option<Advisory>,
    ) -> Result<Done, Failure> {
        let Some(advisory) = advisory else { return Ok(Done::Applied) };
        // Only what holds events: nobody else's consumers, and not our own reading of dead letters.
        let ours = Stream::ALL.into_iter().any(|s| s != Stream::Dead && s.name() == advisory.stream);
        if !ours {
            tracing::warn!(
                event = "dead_letters.advisory_ignored",
                stream = advisory.stream,
                consumer = advisory.consumer,
                "an advisory about something that is no event"
            );
            return Ok(Done::Applied);
        }
        let exceeded = advisory.kind.ends_with(MAX_DELIVER);
        if self.is_told(advisory).await.map_err(Failure::for_ever)? {
            return Ok(Done::AlreadyApplied);
        }
        if !exceeded && delivery.attempt == 1 {
            // The worker's own words are on their way.
            let cause = "the worker's dead letter is not filed yet".into();
            return Err(Failure::Retry { after: Some(HEAD_START), cause });
        }
        let report = self.report(advisory, exceeded).await.map_err(Failure::for_ever)?;
        file(&self.pool, &self.live, &report).await.map_err(Failure::for_ever)
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.pool).await
    }
}

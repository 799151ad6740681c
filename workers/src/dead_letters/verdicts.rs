//! The worker that files what other workers gave up.

use chrono::{DateTime, Utc};
use prosaas_events::{
    DecodeError,
    dead_letter::DeadLetterV1,
    subjects::{Stream, consumers},
};
use prosaas_platform::clock::SharedClock;
use sqlx::PgPool;

use super::{
    file::{file, file_all},
    report::{Report, Source},
};
use crate::{
    live::Live,
    runtime::{Delivery, Done, Failure, Job, Meta, Worker},
};

/// Most dead letters of one transaction: each has its event's bytes.
const BATCH: usize = 100;

/// What lies in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A dead letter.
    Letter(Box<DeadLetterV1>),
    /// Bytes that are none. They are filed as they are.
    Unreadable(Vec<u8>, String),
}

/// Files dead letters.
#[derive(Clone)]
pub struct DeadLettersWorker {
    pool: PgPool,
    live: Live,
    clock: SharedClock,
}

impl DeadLettersWorker {
    /// A worker that files in that database.
    pub fn new(pool: PgPool, live: Live, clock: SharedClock) -> Self {
        Self { pool, live, clock }
    }

    fn report(&self, delivery: &Delivery, verdict: &Verdict) -> Report {
        match verdict {
            Verdict::Letter(letter) => Report::of_verdict(letter.as_ref().clone()),
            Verdict::Unreadable(bytes, error) => unreadable(delivery, bytes, error, self.clock.now()),
        }
    }
}

/// What a message stands for that has no envelope of its own.
pub(super) fn bare_meta(id: String, event_type: &str) -> Meta {
    Meta {
        id,
        event_type: event_type.to_owned(),
        source: "/workers".to_owned(),
        time: DateTime::UNIX_EPOCH,
        business: None,
        actor: None,
        traceparent: None,
        again: None,
    }
}

impl Worker for DeadLettersWorker {
    type Event = Verdict;

    fn stream(&self) -> &'static str {
        Stream::Dead.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::DEAD_LETTERS
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, Verdict), DecodeError> {
        Ok(match serde_json::from_slice::<DeadLetterV1>(bytes) {
            Ok(letter) => (bare_meta(letter.id.clone(), "dead_letter.v1"), Verdict::Letter(Box::new(letter))),
            Err(error) => {
                (bare_meta(String::new(), "unknown"), Verdict::Unreadable(bytes.to_vec(), error.to_string()))
            }
        })
    }

    async fn handle(&self, delivery: &Delivery, _: &Meta, verdict: &Verdict) -> Result<Done, Failure> {
        let report = self.report(delivery, verdict);
        file(&self.pool, &self.live, &report).await.map_err(Failure::for_ever)
    }

    fn most_at_once(&self) -> usize {
        BATCH
    }

    async fn handle_all(&self, verdicts: &[Job<'_, Verdict>]) -> Result<Vec<Done>, Failure> {
        let reports: Vec<Report> = verdicts.iter().map(|job| self.report(job.delivery, job.event)).collect();
        file_all(&self.pool, &self.live, &reports).await.map_err(Failure::for_ever)
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.pool).await
    }
}

/// What lies in the stream of dead letters and is none.
fn unreadable(delivery: &Delivery, bytes: &[u8], error: &str, now: DateTime<Utc>) -> Report {
    Report {
        key: format!("{}:{}:{}", delivery.stream, delivery.sequence, consumers::DEAD_LETTERS),
        source: Source::Verdict,
        stream: Some(delivery.stream.clone()),
        sequence: Some(delivery.sequence),
        subject: delivery.subject.clone(),
        headers: Vec::new(),
        payload: Some(bytes.to_vec()),
        payload_bytes: bytes.len(),
        consumer: consumers::DEAD_LETTERS.to_owned(),
        process: None,
        attempts: delivery.attempt,
        error_chain: vec!["this is no dead letter".to_owned(), error.to_owned()],
        reason: "undecodable",
        trace_id: None,
        died_at: now,
        earlier: Vec::new(),
    }
}

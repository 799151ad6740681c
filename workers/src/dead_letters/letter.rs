//! A dead letter in the transaction that files reports of it.

use chrono::{DateTime, Utc};
use prosaas_events::selection::State;
use uuid::Uuid;

use super::report::{Envelope, Replay, Report};

/// A report, and what is known of the event that it is about.
pub(super) struct Filing<'a> {
    /// The dead letter.
    pub id: Uuid,
    /// The key of the event's processed mark, where the event can be read.
    pub key: Option<String>,
    pub report: &'a Report,
    pub envelope: Envelope,
    pub replay: Replay,
}

/// A row as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filed {
    pub state: State,
    pub replays: i32,
}

/// A row as it will be.
pub(super) struct Letter<'a> {
    /// Whether it has no row yet.
    pub is_new: bool,
    /// The report that the row is made from.
    pub first: &'a Filing<'a>,
    /// The report whose words count.
    pub last: &'a Filing<'a>,
    pub state: State,
    /// Attempts that come to those which the row has.
    pub attempts: u64,
    pub trace_id: Option<&'a str>,
    pub died_at: DateTime<Utc>,
    pub payload: Option<&'a [u8]>,
    pub payload_bytes: usize,
}

impl<'a> Letter<'a> {
    /// Before any report.
    pub fn new(filing: &'a Filing<'a>, is_new: bool) -> Self {
        Self {
            is_new,
            first: filing,
            last: filing,
            state: State::New,
            attempts: 0,
            trace_id: None,
            died_at: filing.report.died_at,
            payload: None,
            payload_bytes: 0,
        }
    }

    /// One report more, after which it is in that state.
    pub fn told(&mut self, filing: &'a Filing<'a>, attempts: u64, state: State) {
        let report = filing.report;
        self.last = filing;
        self.state = state;
        self.attempts = self.attempts.saturating_add(attempts);
        self.trace_id = report.trace_id.as_deref().or(self.trace_id);
        self.died_at = self.died_at.max(report.died_at);
        self.payload = self.payload.or(report.payload.as_deref());
        self.payload_bytes = self.payload_bytes.max(report.payload_bytes);
    }
}

//! Keeping an event: encode it and append it to the local log.

use prosaas_shared::{
    events::{CloudEvent, EventData},
    subjects::Subject,
};

use crate::event_log::{Appended, EventLog, NewEvent};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is in the local log, on disk.
    Logged,
    /// The log could not take it; it is in the last-resort file.
    LastResort,
    /// It is nowhere.
    Lost,
}

impl Kept {
    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logged => "logged",
            Self::LastResort => "last_resort",
            Self::Lost => "lost",
        }
    }
}

/// Appends events to the local log.
#[derive(Clone)]
pub struct Publisher {
    log: EventLog,
}

impl Publisher {
    /// A publisher onto this log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Keeps an event of a call, by the last resort where it must be.
    pub async fn keep_call<T: EventData>(&self, subject: Subject, event: CloudEvent<T>) -> Kept {
        let Some(event) = encode(subject, event) else { return Kept::Lost };
        match self.log.append_or_last_resort(event).await {
            Appended::Logged => Kept::Logged,
            Appended::LastResort => Kept::LastResort,
            Appended::Lost => Kept::Lost,
        }
    }
}

fn encode<T: EventData>(subject: Subject, event: CloudEvent<T>) -> Option<NewEvent> {
    let payload = event
        .encode()
        .inspect_err(|error| tracing::error!(event = "event.unencodable", id = %event.id, %error))
        .ok()?;
    Some(NewEvent { id: event.id, subject, payload, traceparent: event.traceparent })
}

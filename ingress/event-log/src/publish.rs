//! Keeping an event: encode it and append it to the local log.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use prosaas_events::{CloudEvent, EventData, subjects::Subject};

use crate::{Appended, EventLog, NewEvent};

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

/// Where events are kept before they are acknowledged.
pub trait Keeper: Send + Sync + 'static {
    /// Keeps a call's event, and says where it lies now.
    fn keep(&self, event: NewEvent) -> BoxFuture<'_, Appended>;
}

impl Keeper for EventLog {
    fn keep(&self, event: NewEvent) -> BoxFuture<'_, Appended> {
        Box::pin(self.append_or_last_resort(event))
    }
}

/// Encodes events and hands them to their keeper, the local log.
#[derive(Clone)]
pub struct Publisher {
    keeper: Arc<dyn Keeper>,
}

impl Publisher {
    /// A publisher onto this keeper.
    pub fn new(keeper: impl Keeper) -> Self {
        Self { keeper: Arc::new(keeper) }
    }

    /// Keeps an event of a call, by the last resort where it must be.
    pub async fn keep_call<T: EventData>(&self, subject: Subject, event: CloudEvent<T>) -> Kept {
        let id = event.id.clone();
        let event = match NewEvent::encode(subject, event) {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(event = "event.unencodable", %id, %error);
                return Kept::Lost;
            }
        };
        match self.keeper.keep(event).await {
            Appended::Logged => Kept::Logged,
            Appended::LastResort => Kept::LastResort,
            Appended::Lost => Kept::Lost,
        }
    }
}

//! The one way into JetStream for many messages: atomic batches, or one by one with many in flight, each under
//! an id that stays the same on every try. What the server's answer means is a [`Verdict`]; what to do about it
//! is the caller's.

mod ack;
mod batch;
mod message;
mod single;

use bytes::Bytes;

pub use self::{
    ack::{Reason, Verdict},
    batch::publish as publish_batch,
    message::{CONTENT_TYPE, headers},
    single::{PIPELINE, publish as publish_singly},
};

/// Fewer are published singly: the server builds a staging store for each batch.
pub const BATCH_MIN: usize = 20;

/// Most messages of a batch: the server's own limit.
pub const BATCH_MAX: usize = 1000;

/// Something that can be published.
pub trait Outgoing: Sync {
    /// Its id, which becomes `Nats-Msg-Id`.
    fn id(&self) -> &str;

    /// The subject that it goes to.
    fn subject(&self) -> &str;

    /// Its bytes.
    fn payload(&self) -> Bytes;

    /// W3C trace context, where there is one.
    fn traceparent(&self) -> Option<&str>;
}

/// Something that is nothing but a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The subject that it goes to.
    pub subject: String,
    /// Its bytes.
    pub payload: Bytes,
    /// W3C trace context, where there is one.
    pub traceparent: Option<String>,
}

impl Outgoing for Message {
    fn id(&self) -> &str {
        &self.id
    }

    fn subject(&self) -> &str {
        &self.subject
    }

    fn payload(&self) -> Bytes {
        self.payload.clone()
    }

    fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }
}

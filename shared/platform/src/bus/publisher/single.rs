//! Messages one by one, many in flight.

use std::time::Duration;

use async_nats::{Client, Request};
use futures_util::future::join_all;
use prosaas_events::subjects::Stream;

use super::{
    Outgoing,
    ack::{self, Sent, Verdict},
    message::headers,
};

/// Messages in flight.
pub const PIPELINE: usize = 64;

/// Publishes each message and awaits its ack; gives a verdict for each, in order. They
/// are sent in order; order is promised nowhere, but costs nothing here.
pub async fn publish(
    client: &Client,
    stream: Stream,
    messages: &[impl Outgoing],
    ack_wait: Duration,
) -> Vec<Verdict> {
    join_all(messages.iter().map(|message| publish_one(client, stream, message, ack_wait))).await
}

async fn publish_one(
    client: &Client,
    stream: Stream,
    message: &impl Outgoing,
    ack_wait: Duration,
) -> Verdict {
    let headers = match headers(message) {
        Ok(headers) => headers,
        Err(error) => return Verdict::Refused(format!("its id or trace cannot travel: {error}")),
    };
    let request = Request::new().headers(headers).payload(message.payload()).timeout(Some(ack_wait));
    match client.send_request(message.subject().to_owned(), request).await {
        // A duplicate is an earlier try of ours that arrived.
        Ok(answer) => ack::read(&answer.payload, stream, Sent::Single),
        Err(error) => ack::no_ack(&error),
    }
}

//! Rows one by one, many in flight.

use std::time::Duration;

use async_nats::{Client, Request};
use futures_util::future::join_all;
use prosaas_events::subjects::Stream;

use super::{
    ack::{self, Sent, Verdict},
    message::headers,
};
use crate::StoredRow;

/// Messages in flight.
pub(super) const PIPELINE: usize = 64;

/// Publishes each row and awaits its ack; gives a verdict for each, in order. They
/// are sent in order; order is promised nowhere, but costs nothing here.
pub(super) async fn publish(
    client: &Client,
    stream: Stream,
    rows: &[StoredRow],
    ack_wait: Duration,
) -> Vec<Verdict> {
    join_all(rows.iter().map(|row| publish_one(client, stream, row, ack_wait))).await
}

async fn publish_one(client: &Client, stream: Stream, row: &StoredRow, ack_wait: Duration) -> Verdict {
    let headers = match headers(row) {
        Ok(headers) => headers,
        Err(error) => return Verdict::Refused(format!("its id or trace cannot travel: {error}")),
    };
    let request = Request::new().headers(headers).payload(row.payload.clone()).timeout(Some(ack_wait));
    match client.send_request(row.subject.clone(), request).await {
        // A duplicate is an earlier try of ours that arrived.
        Ok(answer) => ack::read(&answer.payload, stream, Sent::Single),
        Err(error) => ack::no_ack(&error),
    }
}

//! Many rows at once, all or none.

use std::time::Duration;

use async_nats::{Client, Request};
use prosaas_events::subjects::Stream;
use uuid::Uuid;

use super::{
    ack::{self, Sent, Verdict},
    message::batch_headers,
};
use crate::StoredRow;

/// Publishes the rows as one atomic batch. Only the commit, which is the last row,
/// carries a reply. A try that fails leaves a batch without commit on the server,
/// which forgets it.
pub(super) async fn publish(
    client: &Client,
    stream: Stream,
    rows: &[StoredRow],
    ack_wait: Duration,
) -> Verdict {
    let Some((last, members)) = rows.split_last() else { return Verdict::Stored };
    let id = Uuid::new_v4().simple().to_string();
    for (number, row) in (1..).zip(members) {
        let Ok(headers) = batch_headers(row, &id, number, false) else { return Verdict::Singly("refused") };
        if let Err(error) =
            client.publish_with_headers(row.subject.clone(), headers, row.payload.clone()).await
        {
            return ack::not_sent(error.kind());
        }
    }
    let Ok(headers) = batch_headers(last, &id, rows.len(), true) else { return Verdict::Singly("refused") };
    let commit = Request::new().headers(headers).payload(last.payload.clone()).timeout(Some(ack_wait));
    match client.send_request(last.subject.clone(), commit).await {
        Ok(answer) => ack::read(&answer.payload, stream, Sent::Batch(rows.len())),
        Err(error) => match ack::no_ack(&error) {
            Verdict::Refused(_) => Verdict::Singly("refused"),
            verdict => verdict,
        },
    }
}

//! Many messages at once, all or none.

use std::time::Duration;

use async_nats::{Client, Request};
use prosaas_events::subjects::Stream;
use uuid::Uuid;

use super::{
    Outgoing,
    ack::{self, Reason, Sent, Verdict},
    message::batch_headers,
};

/// Publishes the messages as one atomic batch, at most [`super::BATCH_MAX`]. Only the commit, which is the last
/// message, carries a reply. A try that fails leaves a batch without commit on the server,
/// which forgets it.
pub async fn publish(
    client: &Client,
    stream: Stream,
    messages: &[impl Outgoing],
    ack_wait: Duration,
) -> Verdict {
    let Some((last, members)) = messages.split_last() else { return Verdict::Stored };
    let id = Uuid::new_v4().simple().to_string();
    for (number, message) in (1..).zip(members) {
        let Ok(headers) = batch_headers(message, &id, number, false) else {
            return Verdict::Singly(Reason::Refused);
        };
        if let Err(error) =
            client.publish_with_headers(message.subject().to_owned(), headers, message.payload()).await
        {
            return ack::not_sent(error.kind());
        }
    }
    let Ok(headers) = batch_headers(last, &id, messages.len(), true) else {
        return Verdict::Singly(Reason::Refused);
    };
    let commit = Request::new().headers(headers).payload(last.payload()).timeout(Some(ack_wait));
    match client.send_request(last.subject().to_owned(), commit).await {
        Ok(answer) => ack::read(&answer.payload, stream, Sent::Batch(messages.len())),
        Err(error) => match ack::no_ack(&error) {
            Verdict::Refused(_) => Verdict::Singly(Reason::Refused),
            verdict => verdict,
        },
    }
}

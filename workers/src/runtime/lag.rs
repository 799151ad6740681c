//! How far behind a consumer is.

use std::time::Duration;

use async_nats::jetstream::{self, consumer::PullConsumer, stream::LastRawMessageErrorKind::NoMessageFound};
use chrono::{DateTime, Utc};
use metrics::gauge;

use super::{Cause, Worker, shared::Shared};

/// Measures until it is dropped: what was never delivered, what is out, and how long the
/// oldest of both has waited. Notes a pause, too.
pub(super) async fn measure<W: Worker>(shared: &Shared<W>, consumer: PullConsumer) {
    let (bus, name, stream) = (&shared.bus, shared.worker.consumer(), shared.worker.stream());
    let mut tick = tokio::time::interval(shared.policy.look);
    loop {
        tick.tick().await;
        let Ok(info) = consumer.get_info().await else { continue };
        if info.paused {
            shared.able.again(bus.clock.now());
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge of messages, far below 2^52")]
        gauge!("prosaas_consumer_lag", "consumer" => name)
            .set(info.num_pending as f64 + info.num_ack_pending as f64);
        #[expect(clippy::cast_precision_loss, reason = "a gauge of messages, far below 2^52")]
        gauge!("prosaas_consumer_ack_pending", "consumer" => name).set(info.num_ack_pending as f64);
        if let Ok(oldest) = oldest_waiting(&bus.jetstream, stream, &info).await {
            let age = oldest.map_or(Duration::ZERO, |at| (bus.clock.now() - at).to_std().unwrap_or_default());
            gauge!("prosaas_oldest_event_age_seconds", "consumer" => name).set(age.as_secs_f64());
        }
    }
}

/// When the oldest event was stored that is not settled; none where all are.
async fn oldest_waiting(
    jetstream: &jetstream::Context,
    stream: &str,
    info: &jetstream::consumer::Info,
) -> Result<Option<DateTime<Utc>>, Cause> {
    if info.num_pending == 0 && info.num_ack_pending == 0 {
        return Ok(None);
    }
    let stream = jetstream.get_stream_no_info(stream).await?;
    // Everything up to the floor is settled.
    match stream.get_first_raw_message_by_subject(">", info.ack_floor.stream_sequence + 1).await {
        Ok(message) => Ok(DateTime::from_timestamp(message.time.unix_timestamp(), 0)),
        Err(error) if matches!(error.kind(), NoMessageFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

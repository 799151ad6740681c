//! How far behind a consumer is.

use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use metrics::gauge;

const PERIOD: Duration = Duration::from_secs(10);

/// Measures until it is dropped: what was never delivered, and what is out.
pub(super) async fn measure(name: &'static str, consumer: PullConsumer) {
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tick.tick().await;
        if let Ok(info) = consumer.get_info().await {
            #[expect(clippy::cast_precision_loss, reason = "a gauge of messages, far below 2^52")]
            gauge!("prosaas_consumer_lag", "consumer" => name)
                .set(info.num_pending as f64 + info.num_ack_pending as f64);
            #[expect(clippy::cast_precision_loss, reason = "a gauge of messages, far below 2^52")]
            gauge!("prosaas_consumer_ack_pending", "consumer" => name).set(info.num_ack_pending as f64);
        }
    }
}

//! A row that can never be published makes way for its dead letter.

use prosaas_events::subjects::Stream;

use tokio_util::sync::CancellationToken;

use super::{dead, until::until_done};
use crate::{EventLog, StoredRow};

/// Moves the row to `rejected`, and its dead letter into the lane of `DEAD`; the dead letter
/// of a dead letter is its row alone.
pub(super) async fn put_aside(
    (stream, log, shutdown): (Stream, &EventLog, &CancellationToken),
    row: &StoredRow,
    attempts: u64,
    cause: String,
) {
    tracing::error!(stream = %stream, event.id = row.id, cause, "an event can never be published");
    metrics::counter!("prosaas_pump_rejected_total", "stream" => stream.name()).increment(1);
    let letter = if stream == Stream::Dead {
        None
    } else {
        let worker = format!("ingress/{}", log.slot_name());
        dead::letter(row, &worker, attempts, &cause, log.clock().now())
            .inspect_err(
                |error| tracing::error!(event.id = row.id, %error, "a dead letter cannot be written"),
            )
            .ok()
    };
    until_done(shutdown, || log.reject(row.seq, cause.clone(), letter.clone())).await;
}

//! A row that can never be published makes way for its dead letter.

use prosaas_events::subjects::Stream;

use super::{
    dead,
    lane::{Lane, until_done},
};
use crate::StoredRow;

/// Moves the row to `rejected`, and its dead letter into the lane of `DEAD`; the dead letter
/// of a dead letter is its row alone.
pub(super) async fn put_aside(lane: &Lane, row: &StoredRow, attempts: u64, cause: String) {
    tracing::error!(stream = %lane.stream, event.id = row.id, cause, "an event can never be published");
    metrics::counter!("prosaas_pump_rejected_total", "stream" => lane.stream.name()).increment(1);
    let letter = if lane.stream == Stream::Dead {
        None
    } else {
        let worker = format!("ingress/{}", lane.log.slot_name());
        dead::letter(row, &worker, attempts, &cause, lane.log.clock().now())
            .inspect_err(
                |error| tracing::error!(event.id = row.id, %error, "a dead letter cannot be written"),
            )
            .ok()
    };
    until_done(&lane.shutdown, || lane.log.reject(row.seq, cause.clone(), letter.clone())).await;
}

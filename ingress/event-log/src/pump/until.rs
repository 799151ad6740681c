//! Writes of the log that must be done.

use std::{future::Future, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Pause before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// Repeats a write of the log until it is done or shutdown. What is not deleted
/// then is published once more after the next start, under its id.
pub(super) async fn until_done<F: Future<Output = bool>>(
    shutdown: &CancellationToken,
    write: impl Fn() -> F,
) {
    while !write().await && !shutdown.is_cancelled() {
        let _ = shutdown.run_until_cancelled(sleep(PAUSE)).await;
    }
}

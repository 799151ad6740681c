//! Keeps a lane going. A lane that ends, by a panic or by returning, is started again at
//! once, and then takes its rows one by one, noting each: the one that ends it again is set
//! aside with a dead letter, and the rows behind it flow.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use prosaas_events::mask;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{aside::put_aside, lane::Lane, status::LaneState, watch::Watch};

/// Pauses before a task is started again: doubled each time that it ends at once.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// A task that ran for longer ended by something new.
const CALM: Duration = Duration::from_mins(1);

/// Runs a lane until shutdown, whatever ends it.
pub(super) async fn run(lane: Lane) {
    let restarts = metrics::counter!("prosaas_pump_restarts_total", "task" => lane.stream.name());
    restarts.increment(0);
    let mut watch = Watch::default();
    let mut pauses = Pauses::default();
    while let Some(why) = until_it_ends(&lane.shutdown, lane.started(watch.clone()).run()).await {
        tracing::error!(stream = %lane.stream, cause = %mask::sentence(&why), "a lane of the pump ended and is started again");
        restarts.increment(1);
        lane.status.set(lane.stream, LaneState::Blocked(format!("its lane in the pump ended: {why}")));
        if let Some(row) = watch.take() {
            let cause = format!("the pump's lane ended twice with this event in hand: {why}");
            let aside = put_aside((lane.stream, &lane.log, &lane.shutdown), &row, 2, cause);
            // What ends a lane may end this: the row is then met once more.
            let _ = AssertUnwindSafe(aside).catch_unwind().await;
        }
        watch = Watch::on();
        pauses.wait(&lane.shutdown).await;
    }
}

/// Runs any other task of the pump until shutdown, whatever ends it.
pub(super) async fn run_task<F: Future<Output = ()>>(
    task: &'static str,
    shutdown: CancellationToken,
    start: impl Fn() -> F,
) {
    let restarts = metrics::counter!("prosaas_pump_restarts_total", "task" => task);
    restarts.increment(0);
    let mut pauses = Pauses::default();
    while let Some(why) = until_it_ends(&shutdown, start()).await {
        tracing::error!(task, cause = %mask::sentence(&why), "a task of the pump ended and is started again");
        restarts.increment(1);
        pauses.wait(&shutdown).await;
    }
}

/// Why the task ended; none at shutdown.
async fn until_it_ends(shutdown: &CancellationToken, task: impl Future<Output = ()>) -> Option<String> {
    let ended = AssertUnwindSafe(task).catch_unwind().await;
    if shutdown.is_cancelled() {
        return None;
    }
    Some(ended.map_or_else(|panic| words_of(panic.as_ref()), |()| "it returned".to_owned()))
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", words.unwrap_or("without a word"))
}

/// The pauses between starts.
struct Pauses {
    next: Duration,
    since: Instant,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { next: FIRST_PAUSE, since: Instant::now() }
    }
}

impl Pauses {
    async fn wait(&mut self, shutdown: &CancellationToken) {
        if self.since.elapsed() > CALM {
            self.next = FIRST_PAUSE;
        }
        let _ = shutdown.run_until_cancelled(sleep(self.next)).await;
        self.next = self.next.saturating_mul(2).min(LAST_PAUSE);
        self.since = Instant::now();
    }
}

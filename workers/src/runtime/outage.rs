//! Waiting for what is away.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use metrics::gauge;
use tokio::sync::Mutex;

use super::policy::spread;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A turnstile: of all the events that wait, one asks whether the dependency is
/// back; the others follow it through.
#[derive(Debug, Default)]
pub(super) struct Outage {
    turn: Mutex<()>,
    known: AtomicBool,
}

impl Outage {
    /// Returns once `ready` says yes; says whether an outage has ended with that.
    pub async fn pass<F, R>(&self, consumer: &'static str, ready: F) -> bool
    where
        F: Fn() -> R,
        R: Future<Output = bool>,
    {
        let _turn = self.turn.lock().await;
        let mut pause = FIRST_PAUSE;
        let mut asked = 0_u64;
        while !ready().await {
            if !self.known.swap(true, Ordering::Relaxed) {
                gauge!("prosaas_worker_outage", "consumer" => consumer).set(1.0);
                tracing::warn!(event = "worker.outage", consumer, "a dependency is away; events wait");
            }
            asked += 1;
            tokio::time::sleep(spread(pause, asked)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let ended = self.known.swap(false, Ordering::Relaxed);
        if ended {
            gauge!("prosaas_worker_outage", "consumer" => consumer).set(0.0);
            tracing::info!(event = "worker.outage_over", consumer, "the dependency is back");
        }
        ended
    }
}

//! Events of many owners: each has its turn, and bulk work of one leaves room for the others.
//!
//! More are taken from the stream than can be handled at once, so that there is a choice. What waits for its turn is
//! kept alive as what is being handled.

use std::sync::Arc;

use async_nats::jetstream::{AckKind, Message, consumer::PullConsumer};
use futures_util::future::join_all;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::task::TaskTracker;

use super::{
    Worker,
    deliver::deliver,
    pull::{Pull, Pulled},
    shared::Shared,
    turns::{Lane, Turns},
};

/// What a worker's pulling leaves to the next pull.
pub(super) struct Fair {
    turns: Turns<Message>,
    running: usize,
    ended: (UnboundedSender<Lane>, UnboundedReceiver<Lane>),
}

impl Default for Fair {
    fn default() -> Self {
        Self { turns: Turns::default(), running: 0, ended: unbounded_channel() }
    }
}

impl Fair {
    /// One pull, until all that it brought is begun or waits for its turn. Returns what went wrong, if anything.
    pub async fn pull_once<W: Worker>(
        &mut self,
        shared: &Arc<Shared<W>>,
        consumer: &PullConsumer,
        tasks: &TaskTracker,
    ) -> Option<String> {
        let window = shared.worker.window();
        let mut alive = interval_at(Instant::now() + shared.ack_wait / 3, shared.ack_wait / 3);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let opened = {
            let open = async {
                shared.pass_outage().await;
                Pull::open_for(shared, consumer, window.saturating_sub(self.turns.len()).max(1)).await
            };
            tokio::pin!(open);
            loop {
                tokio::select! {
                    () = shared.stop.cancelled() => break None,
                    opened = &mut open => break Some(opened),
                    _ = alive.tick() => keep_alive(self.turns.waiting()).await,
                }
            }
        };
        let mut pull = match opened {
            Some(Ok(pull)) => pull,
            Some(Err(problem)) => return Some(problem),
            None => {
                give_back(self.turns.give_up()).await;
                return None;
            }
        };
        loop {
            self.begin(shared, tasks);
            let full = self.turns.len() >= window;
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => {
                    give_back(self.turns.give_up()).await;
                    pull.give_back(None).await;
                    return None;
                }
                ended = self.ended.1.recv() => self.end(ended),
                _ = alive.tick() => keep_alive(self.turns.waiting()).await,
                pulled = pull.next(), if !full => match pulled {
                    Pulled::Message(message) => self.turns.push(lane(shared, &message), *message),
                    Pulled::Ended => return None,
                    Pulled::Lost(problem) => return Some(problem),
                },
            }
        }
    }

    /// Begins as many as there are places for.
    fn begin<W: Worker>(&mut self, shared: &Arc<Shared<W>>, tasks: &TaskTracker) {
        while let Ok(lane) = self.ended.1.try_recv() {
            self.end(Some(lane));
        }
        while self.running < shared.policy.concurrency {
            let Some((lane, message)) = self.turns.next() else { return };
            self.running += 1;
            let (work, place) =
                (deliver(shared.clone(), message), Place { lane, ended: self.ended.0.clone() });
            tasks.spawn(async move {
                let _place = place;
                work.await;
            });
        }
    }

    fn end(&mut self, lane: Option<Lane>) {
        if let Some(lane) = lane {
            self.running = self.running.saturating_sub(1);
            self.turns.ended(lane);
        }
    }
}

/// One of the places for events that are being handled; says when it is free again.
struct Place {
    lane: Lane,
    ended: UnboundedSender<Lane>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nobody listens any more after a stop.
        let _ = self.ended.send(self.lane);
    }
}

/// Where the message waits. One that cannot be read is nobody's.
fn lane<W: Worker>(shared: &Shared<W>, message: &Message) -> Lane {
    match shared.worker.decode(&message.payload) {
        Ok((meta, event)) => Lane { owner: meta.business, bulk: shared.worker.is_bulk(&event) },
        Err(_) => Lane { owner: None, bulk: false },
    }
}

async fn keep_alive(waiting: impl Iterator<Item = &Message>) {
    join_all(waiting.map(|message| message.ack_with(AckKind::Progress))).await;
}

async fn give_back(waiting: impl Iterator<Item = Message>) {
    for message in waiting {
        let _ = message.ack_with(AckKind::Nak(None)).await;
    }
}

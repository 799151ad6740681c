//! The places of a worker: as many are handled at once as there are places, and what waits for one waits in its turn.
//!
//! More may be taken from the stream than can be handled at once: so much as can go together, and so that there is a
//! choice between owners. What waits is kept alive as what is being handled. Nothing waits for others to come: what is
//! there when a place is free begins.

use std::{future::Future, sync::Arc};

use async_nats::{
    connection::State,
    jetstream::{AckKind, Message, consumer::PullConsumer},
};
use futures_util::future::join_all;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use tokio_util::task::TaskTracker;

use super::{
    Worker,
    batch::{Read, deliver_all, read},
    deliver::deliver,
    pull::{Pull, Pulled},
    shared::Shared,
    turns::{Lane, Turns, Work},
};

/// Bulk work that may wait here for its owner's, beside the window.
const BULK_WAITING: usize = 512;

/// What waits, read where it can go with others.
enum Waiting<T> {
    Read(Box<Read<T>>),
    Alone(Box<Message>),
}

impl<T> Waiting<T> {
    fn message(&self) -> &Message {
        match self {
            Self::Read(read) => &read.message,
            Self::Alone(message) => message,
        }
    }
}

/// What waits and what is being handled, from one pull to the next.
pub(super) struct Places<W: Worker> {
    shared: Arc<Shared<W>>,
    tasks: TaskTracker,
    turns: Turns<Waiting<W::Event>>,
    taken: usize,
    free: UnboundedSender<Lane>,
    freed: UnboundedReceiver<Lane>,
    alive: Interval,
}

impl<W: Worker> Places<W> {
    /// All are free.
    pub fn new(shared: Arc<Shared<W>>, tasks: TaskTracker) -> Self {
        let (free, freed) = unbounded_channel();
        let period = shared.ack_wait / 3;
        let mut alive = interval_at(Instant::now() + period, period);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { shared, tasks, turns: Turns::default(), taken: 0, free, freed, alive }
    }

    /// One pull, until all that it brought is begun or waits for its turn. Returns what went wrong, if anything.
    pub async fn pull_once(&mut self, consumer: &PullConsumer) -> Option<String> {
        let room = self.room().await?;
        let mut pull = match self.open(consumer, room).await? {
            Ok(pull) => pull,
            Err(problem) => return Some(problem),
        };
        loop {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => {
                    // First the pull, which else would be given at once what is given back.
                    pull.give_back().await;
                    return None;
                }
                freed = self.freed.recv() => self.free(freed),
                _ = self.alive.tick() => self.keep_alive().await,
                pulled = pull.next() => match pulled {
                    Pulled::Message(message) => {
                        self.add(*message);
                        while let Some(message) = pull.arrived() {
                            self.add(message);
                        }
                    }
                    Pulled::Ended => return None,
                    Pulled::Lost(problem) => return Some(problem),
                },
            }
            self.begin();
        }
    }

    /// How many may be taken from the stream, as soon as that is any; none at a stop. Bulk work that waits for its
    /// owner's keeps nobody else's away.
    async fn room(&mut self) -> Option<usize> {
        loop {
            let most = self.shared.worker.window() + self.shared.policy.concurrency;
            let waiting = self.turns.len();
            let room = most.saturating_sub(self.taken + waiting - self.turns.bulk());
            let room = room.min((most + BULK_WAITING).saturating_sub(self.taken + waiting));
            if room > 0 {
                return Some(room);
            }
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return None,
                freed = self.freed.recv() => self.free(freed),
                _ = self.alive.tick() => self.keep_alive().await,
            }
            self.begin();
        }
    }

    /// Asks for so many once the dependencies answer; none at a stop.
    async fn open(&mut self, consumer: &PullConsumer, room: usize) -> Option<Result<Pull, String>> {
        let shared = self.shared.clone();
        let open = async {
            shared.pass_outage().await;
            Pull::open_for(&shared, consumer, room).await
        };
        self.meanwhile(open).await
    }

    /// Does that, while what is here goes on; none at a stop.
    pub async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return None,
                done = &mut work => return Some(done),
                freed = self.freed.recv() => self.free(freed),
                _ = self.alive.tick() => self.keep_alive().await,
            }
            self.begin();
        }
    }

    /// Puts the message where it waits for its turn. One that cannot be read is nobody's.
    fn add(&mut self, message: Message) {
        let worker = &self.shared.worker;
        let (lane, waiting) = match read(&self.shared, message) {
            Ok(read) => (Lane { owner: None, work: Work::Together }, Waiting::Read(Box::new(read))),
            Err(message) => {
                let lane = match worker.decode(&message.payload) {
                    Ok((meta, event)) => {
                        let work = if worker.is_bulk(&event) { Work::Bulk } else { Work::Alone };
                        Lane { owner: meta.business, work }
                    }
                    Err(_) => Lane { owner: None, work: Work::Alone },
                };
                (lane, Waiting::Alone(message))
            }
        };
        self.turns.push(lane, waiting);
    }

    /// Begins as many as there are places for.
    fn begin(&mut self) {
        while self.taken < self.shared.policy.concurrency {
            let Some((lane, waiting)) = self.turns.next(self.shared.worker.most_at_once()) else { return };
            let mut together = Vec::new();
            for waiting in waiting {
                match waiting {
                    Waiting::Read(read) => together.push(*read),
                    Waiting::Alone(message) => {
                        self.take(lane, deliver(self.shared.clone(), *message));
                    }
                }
            }
            if !together.is_empty() {
                self.take(lane, deliver_all(self.shared.clone(), together));
            }
        }
    }

    fn take(&mut self, lane: Lane, work: impl Future<Output = ()> + Send + 'static) {
        self.taken += 1;
        let place = Place { lane, free: self.free.clone() };
        self.tasks.spawn(async move {
            let _place = place;
            work.await;
        });
    }

    fn free(&mut self, lane: Option<Lane>) {
        if let Some(lane) = lane {
            self.taken = self.taken.saturating_sub(1);
            self.turns.ended(lane);
        }
    }

    async fn keep_alive(&self) {
        // While nothing can be sent, what is to be sent would fill up.
        if self.shared.bus.client.connection_state() == State::Connected {
            join_all(self.turns.waiting().map(|waiting| waiting.message().ack_with(AckKind::Progress))).await;
        }
    }

    /// For a stop: what has not begun goes back to the stream.
    pub async fn give_back(&mut self) {
        if self.shared.bus.client.connection_state() == State::Connected {
            let waiting: Vec<_> = self.turns.give_up().collect();
            join_all(waiting.iter().map(|waiting| waiting.message().ack_with(AckKind::Nak(None)))).await;
        }
    }
}

/// A place that is taken; says when it is free again.
struct Place {
    lane: Lane,
    free: UnboundedSender<Lane>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nobody listens any more after a stop.
        let _ = self.free.send(self.lane);
    }
}

//! How the log comes to its slot. A caller must be answered from the first second on, so
//! nothing that a full disk or a broken file does keeps the process from starting: the ballast
//! is given up before the database is opened, and a log that cannot be opened is tried again
//! while calls are answered from memory.

use std::{
    io,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use prosaas_platform::clock::SharedClock;
use tokio::sync::{Mutex, mpsc};

use super::{
    EventLog, EventLogConfig, Inner, OpenError, QUEUE,
    last_resort::LastResort,
    monitor::{self, Gauges},
    place::Place,
    reader::Reader,
    slot::Slot,
    space::Space,
    stats::Shared,
    writer::{Command, Writer},
};

impl EventLog {
    /// Takes the first free slot of the folder and opens its log. One that cannot be opened
    /// yet, such as one on a full disk, is tried again: [`Self::problem`] says why.
    ///
    /// # Errors
    /// When the folder cannot be used at all.
    pub async fn open(config: EventLogConfig, clock: SharedClock) -> Result<Self, OpenError> {
        open(config, clock).await
    }
}

/// Takes the first free slot of the folder and opens its log.
async fn open(config: EventLogConfig, clock: SharedClock) -> Result<EventLog, OpenError> {
    let (inner, commands) = without_place(config, clock);
    match Slot::acquire(&inner.config.dir) {
        Ok(slot) => settle(&inner, slot, commands, Gauges::Exported).await,
        Err(error) if is_full(&error) => {
            tracing::error!(%error, "the event log's disk is full: it has no folder to write in");
            inner.shared.set_trouble(Some(format!("its disk is full: {error}")));
            tokio::spawn(settle_later(Arc::downgrade(&inner), commands));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(EventLog { inner })
}

/// Opens the log of a slot that somebody left behind.
pub(super) async fn open_slot(slot: Slot, config: EventLogConfig, clock: SharedClock) -> EventLog {
    let (inner, commands) = without_place(config, clock);
    settle(&inner, slot, commands, Gauges::Silent).await;
    EventLog { inner }
}

fn without_place(config: EventLogConfig, clock: SharedClock) -> (Arc<Inner>, mpsc::Receiver<Command>) {
    let (commands, receiver) = mpsc::channel(QUEUE);
    let inner = Inner {
        commands,
        shared: Arc::new(Shared::default()),
        place: OnceLock::new(),
        clock,
        config,
        closed: AtomicBool::new(false),
    };
    (Arc::new(inner), receiver)
}

/// Begins to use the slot.
async fn settle(inner: &Arc<Inner>, slot: Slot, commands: mpsc::Receiver<Command>, gauges: Gauges) {
    tracing::info!(slot = slot.name(), "the event log's slot is taken");
    let space = Arc::new(Space::new(slot.dir(), &inner.config));
    space.make_room();
    if let Err(error) = space.measure() {
        tracing::warn!(%error, "the event log's ballast could not be made");
    }
    let place = Place {
        slot_name: slot.name().to_owned(),
        reader: Mutex::new(Reader::new(slot.dir())),
        space: Arc::clone(&space),
        last_resort: LastResort::new(slot.dir()),
    };
    let writer = Writer::open(slot, inner.config.hard_max_bytes, Arc::clone(&inner.shared), space).await;
    tokio::spawn(writer.run(commands));
    // Set once: each log settles once.
    let _ = inner.place.set(place);
    tokio::spawn(monitor::run(Arc::downgrade(inner), gauges));
}

/// Tries for a slot every tick, until there is one, or nobody holds the log any more.
async fn settle_later(log: Weak<Inner>, commands: mpsc::Receiver<Command>) {
    let Some(every) = log.upgrade().map(|log| log.config.tick) else { return };
    loop {
        tokio::time::sleep(every).await;
        let Some(inner) = log.upgrade() else { return };
        if inner.closed.load(Ordering::Acquire) {
            return;
        }
        if let Ok(slot) = Slot::acquire(&inner.config.dir) {
            return settle(&inner, slot, commands, Gauges::Exported).await;
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

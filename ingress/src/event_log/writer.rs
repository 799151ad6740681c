//! The task that owns the connection that writes. Requests that wait while a
//! commit runs share the next one, and so its fsync (group commit).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{
    commit::{self, Inserts, Rejection},
    damage,
    fault::{self, Fault},
    row::NewRow,
    schema,
    slot::Slot,
    space::Space,
    stats::Shared,
};

/// Time between two tries to reopen a log whose connection broke.
const REOPEN_EVERY: Duration = Duration::from_millis(250);

/// Time between two measurements of the pages.
const MEASURE_EVERY: Duration = Duration::from_millis(100);

/// Why a write did not happen, or not for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteError {
    /// There is no room.
    Full,
    /// The log cannot be written now; the write may have taken effect.
    Unavailable,
}

/// Told once the commit is on disk, or has failed.
pub(super) type Reply<T> = oneshot::Sender<Result<T, WriteError>>;

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    /// Insert a row, unless its id is there.
    Append(NewRow, Reply<()>),
    /// Delete rows that are published.
    Remove(Vec<i64>, Reply<()>),
    /// Put a row aside.
    Reject(Rejection, Reply<()>),
    /// Look at the pages, and reopen what broke, even though nobody writes.
    Look,
    /// Finish what was asked before, and stop.
    Close(oneshot::Sender<()>),
}

/// The writer's state.
#[derive(Debug)]
pub(super) struct Writer {
    /// Dropped last, so that nobody else opens the folder before we left it.
    slot: Slot,
    conn: Option<SqliteConnection>,
    hard_max_bytes: u64,
    inserts: Inserts,
    shared: Arc<Shared>,
    space: Arc<Space>,
    reopen_at: Instant,
    measure_at: Instant,
}

impl Writer {
    /// Opens the slot's database and counts what is in it.
    pub(super) async fn open(
        slot: Slot,
        hard_max_bytes: u64,
        shared: Arc<Shared>,
        space: Arc<Space>,
    ) -> Result<Self, sqlx::Error> {
        let now = Instant::now();
        let mut writer = Self {
            slot,
            conn: None,
            hard_max_bytes,
            inserts: Inserts::new(),
            shared,
            space,
            reopen_at: now,
            measure_at: now,
        };
        let conn = damage::open_writer(writer.slot.dir(), hard_max_bytes).await?;
        writer.take_over(conn).await?;
        Ok(writer)
    }

    /// Serves until it is told to close, or nobody is left to ask.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut waiting = Vec::with_capacity(schema::MAX_ROWS);
        while commands.recv_many(&mut waiting, schema::MAX_ROWS).await > 0 {
            // Callers that the last commit has just answered get to ask again: it
            // makes commits a third larger under load, and costs nothing without.
            tokio::task::yield_now().await;
            while waiting.len() < schema::MAX_ROWS
                && let Ok(command) = commands.try_recv()
            {
                waiting.push(command);
            }
            let others = self.append_all(&mut waiting).await;
            for command in others {
                match command {
                    Command::Append(row, reply) => self.append(vec![(row, reply)]).await,
                    Command::Remove(seqs, reply) => answer(reply, self.remove(&seqs).await),
                    Command::Reject(rejection, reply) => answer(reply, self.reject(rejection).await),
                    Command::Look => self.look().await,
                    Command::Close(done) => return self.close(commands, done).await,
                }
            }
            if Instant::now() >= self.measure_at {
                self.measure().await;
            }
        }
        self.shut().await;
    }

    /// Commits what is to be appended, mostly at once, and gives back the rest.
    async fn append_all(&mut self, waiting: &mut Vec<Command>) -> Vec<Command> {
        let mut appends = Vec::with_capacity(waiting.len());
        let mut bytes = 0_usize;
        let mut others = Vec::new();
        for command in waiting.drain(..) {
            match command {
                Command::Append(row, reply) => {
                    bytes = bytes.saturating_add(row.payload.len());
                    appends.push((row, reply));
                    if bytes >= schema::MAX_COMMIT_BYTES {
                        bytes = 0;
                        self.append(std::mem::take(&mut appends)).await;
                    }
                }
                other => others.push(other),
            }
        }
        if !appends.is_empty() {
            self.append(appends).await;
        }
        others
    }

    /// One commit for all of them; each hears what became of it.
    async fn append(&mut self, appends: Vec<(NewRow, Reply<()>)>) {
        let (rows, replies): (Vec<_>, Vec<_>) = appends.into_iter().unzip();
        let mut lanes: Vec<u8> = rows.iter().map(|row| row.lane).collect();
        let result = self.insert(rows).await;
        if result.is_ok() {
            lanes.sort_unstable();
            lanes.dedup();
            for lane in lanes {
                self.shared.wake(lane);
            }
        }
        for reply in replies {
            answer(reply, result);
        }
    }

    async fn insert(&mut self, rows: Vec<NewRow>) -> Result<(), WriteError> {
        self.ready().await?;
        let Some(conn) = self.conn.as_mut() else { return Err(WriteError::Unavailable) };
        let began = Instant::now();
        let result = self.inserts.run(conn, rows).await;
        metrics::histogram!("prosaas_log_commit_seconds").record(began.elapsed().as_secs_f64());
        match result {
            Ok(added) => {
                self.shared.set_healthy(true);
                self.shared.added(added);
                Ok(())
            }
            Err(error) => Err(self.failed(&error).await),
        }
    }

    async fn remove(&mut self, seqs: &[i64]) -> Result<(), WriteError> {
        self.ready().await?;
        let Some(conn) = self.conn.as_mut() else { return Err(WriteError::Unavailable) };
        match commit::delete(conn, seqs).await {
            Ok(removed) => {
                self.shared.removed(removed);
                return Ok(());
            }
            Err(error) if Fault::of(&error) == Fault::Full => self.space.disk_is_full(),
            Err(error) => return Err(self.failed(&error).await),
        }
        self.remove_singly(seqs).await
    }

    /// Frees a full log a row at a time. The published rows that are left when
    /// even that fails are asked for again by the pump.
    async fn remove_singly(&mut self, seqs: &[i64]) -> Result<(), WriteError> {
        for &seq in seqs {
            let Some(conn) = self.conn.as_mut() else { return Err(WriteError::Unavailable) };
            match commit::delete_one(conn, seq).await {
                Ok(removed) => self.shared.removed(removed),
                Err(error) => return Err(self.failed(&error).await),
            }
        }
        Ok(())
    }

    async fn reject(&mut self, rejection: Rejection) -> Result<(), WriteError> {
        self.ready().await?;
        let Some(conn) = self.conn.as_mut() else { return Err(WriteError::Unavailable) };
        let letter_lane = rejection.dead_letter.as_ref().map(|row| row.lane);
        match commit::reject(conn, &self.inserts, rejection).await {
            Ok(change) => {
                self.shared.added(change.added);
                self.shared.removed(change.removed);
                self.shared.set_rejected(self.shared.rejected().saturating_add(change.removed));
                if let Some(lane) = letter_lane {
                    self.shared.wake(lane);
                }
                Ok(())
            }
            Err(error) => Err(self.failed(&error).await),
        }
    }

    /// Decides what a failure means. Nothing is tried again here: whether a failed
    /// commit took effect is not known, and its callers decide.
    async fn failed(&mut self, error: &sqlx::Error) -> WriteError {
        match Fault::of(error) {
            Fault::Full => {
                self.space.disk_is_full();
                WriteError::Full
            }
            Fault::Passing => {
                tracing::warn!(%error, "a write of the event log failed");
                WriteError::Unavailable
            }
            Fault::Broken => {
                tracing::error!(%error, "the event log is broken and will be reopened");
                self.shared.set_healthy(false);
                if fault::is_damage(error) {
                    damage::mark(self.slot.dir());
                }
                if let Some(conn) = self.conn.take() {
                    // The thread of the connection has closed the file when this returns.
                    let _ = conn.close().await;
                }
                self.reopen_at = Instant::now();
                WriteError::Unavailable
            }
        }
    }

    /// Makes sure that there is a connection, trying now and then.
    async fn ready(&mut self) -> Result<(), WriteError> {
        if self.conn.is_some() {
            return Ok(());
        }
        if Instant::now() < self.reopen_at {
            return Err(WriteError::Unavailable);
        }
        match self.reopen().await {
            Ok(()) => {
                tracing::info!("the event log was reopened");
                Ok(())
            }
            Err(error) => {
                self.reopen_at = Instant::now() + REOPEN_EVERY;
                tracing::error!(%error, "the event log cannot be reopened");
                Err(WriteError::Unavailable)
            }
        }
    }

    async fn reopen(&mut self) -> Result<(), sqlx::Error> {
        let conn = schema::open_writer(self.slot.dir(), self.hard_max_bytes).await?;
        self.take_over(conn).await
    }

    async fn take_over(&mut self, mut conn: SqliteConnection) -> Result<(), sqlx::Error> {
        let (depth, rejected) = commit::counts(&mut conn).await?;
        let (used, reusable) = commit::pages(&mut conn).await?;
        self.shared.set_depth(depth);
        self.shared.set_rejected(rejected);
        self.space.set_pages(used, reusable);
        self.conn = Some(conn);
        Ok(())
    }

    async fn look(&mut self) {
        if self.ready().await.is_ok() {
            self.measure().await;
        }
    }

    async fn measure(&mut self) {
        self.measure_at = Instant::now() + MEASURE_EVERY;
        let Some(conn) = self.conn.as_mut() else { return };
        match commit::pages(conn).await {
            Ok((used, reusable)) => self.space.set_pages(used, reusable),
            Err(error) => tracing::warn!(%error, "the event log's size is not known"),
        }
    }

    /// Does what was asked before the end, then lets go of the folder.
    async fn close(mut self, mut commands: mpsc::Receiver<Command>, done: oneshot::Sender<()>) {
        commands.close();
        while let Some(command) = commands.recv().await {
            match command {
                Command::Append(row, reply) => self.append(vec![(row, reply)]).await,
                Command::Remove(seqs, reply) => answer(reply, self.remove(&seqs).await),
                Command::Reject(rejection, reply) => answer(reply, self.reject(rejection).await),
                Command::Look | Command::Close(_) => {}
            }
        }
        self.shut().await;
        let _ = done.send(());
    }

    async fn shut(self) {
        let Self { conn, slot, .. } = self;
        if let Some(conn) = conn
            && let Err(error) = conn.close().await
        {
            tracing::warn!(%error, "the event log did not close cleanly; nothing that it acknowledged is lost");
        }
        drop(slot);
    }
}

/// A caller that has gone does not need its answer.
fn answer<T>(reply: Reply<T>, result: Result<T, WriteError>) {
    let _ = reply.send(result);
}

#[cfg(test)]
mod tests {
    use super::{super::EventLogConfig, *};

    fn row(id: &str) -> NewRow {
        NewRow {
            lane: 0,
            id: id.to_owned(),
            subject: "call.incoming.CA1".to_owned(),
            payload: b"{}".to_vec(),
            traceparent: None,
            at_ms: 1,
        }
    }

    #[tokio::test]
    async fn a_broken_connection_is_replaced_and_what_was_committed_is_there() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let config = EventLogConfig::new(dir.path());
        let slot = Slot::acquire(dir.path())?;
        let space = Arc::new(Space::new(slot.dir(), &config));
        let shared = Arc::new(Shared::default());
        let mut writer = Writer::open(slot, config.hard_max_bytes, Arc::clone(&shared), space).await?;
        assert_eq!(writer.insert(vec![row("a"), row("b")]).await, Ok(()));
        shared.set_depth(99);
        assert_eq!(writer.failed(&sqlx::Error::WorkerCrashed).await, WriteError::Unavailable);
        assert!(writer.conn.is_none(), "no commit is tried again on that connection");
        assert_eq!(writer.insert(vec![row("b"), row("c")]).await, Ok(()));
        assert_eq!(shared.depth(), 3, "counted anew");
        Ok(())
    }
}

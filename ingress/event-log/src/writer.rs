//! The task that owns the connection that writes. Requests that wait while a
//! commit runs share the next one, and so its fsync (group commit).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    commit::{self, Inserts, Rejection},
    connection::{Connection, WriteError},
    fault::Fault,
    row::NewRow,
    schema,
    slot::Slot,
    space::Space,
    stats::Shared,
};

/// Time between two measurements of the pages.
const MEASURE_EVERY: Duration = Duration::from_millis(100);

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
    connection: Connection,
    inserts: Inserts,
    shared: Arc<Shared>,
    space: Arc<Space>,
    measure_at: Instant,
}

impl Writer {
    /// Opens the slot's database and counts what is in it, now or once it can.
    pub(super) async fn open(
        slot: Slot,
        hard_max_bytes: u64,
        shared: Arc<Shared>,
        space: Arc<Space>,
    ) -> Self {
        let connection =
            Connection::open(slot, hard_max_bytes, Arc::clone(&shared), Arc::clone(&space)).await;
        Self { connection, inserts: Inserts::new(), shared, space, measure_at: Instant::now() }
    }

    /// Serves until it is told to close, or nobody is left to ask.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut waiting = Vec::with_capacity(schema::MAX_ROWS);
        let mut closing = Vec::new();
        while commands.recv_many(&mut waiting, schema::MAX_ROWS).await > 0 {
            gather(&mut commands, &mut waiting).await;
            for command in self.append_all(&mut waiting).await {
                match command {
                    Command::Append(row, reply) => self.append(vec![(row, reply)]).await,
                    Command::Remove(seqs, reply) => answer(reply, self.remove(&seqs).await),
                    Command::Reject(rejection, reply) => answer(reply, self.reject(rejection).await),
                    Command::Look => self.connection.measure().await,
                    Command::Close(done) => {
                        // What was asked before is still done: the loop ends when
                        // the channel is empty.
                        commands.close();
                        closing.push(done);
                    }
                }
            }
            if Instant::now() >= self.measure_at {
                self.measure_at = Instant::now() + MEASURE_EVERY;
                self.connection.measure().await;
            }
        }
        self.connection.close().await;
        for done in closing {
            let _ = done.send(());
        }
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
        let (conn, first) = self.connection.get_numbered(rows.len()).await?;
        let began = Instant::now();
        let result = self.inserts.run(conn, first, &rows).await;
        metrics::histogram!("prosaas_log_commit_seconds").record(began.elapsed().as_secs_f64());
        if result.as_ref().is_ok_and(|added| usize::try_from(*added) == Ok(rows.len())) {
            for (seq, row) in (first..).zip(rows) {
                self.shared.fresh.put(row.lane, row.into_stored(seq));
            }
        } else {
            // Some were there before, or a failure took effect: only the file knows which.
            self.shared.fresh.restart(self.connection.last_seq());
        }
        match result {
            Ok(added) => {
                self.shared.added(added);
                Ok(())
            }
            Err(error) => Err(self.connection.failed(&error).await),
        }
    }

    async fn remove(&mut self, seqs: &[i64]) -> Result<(), WriteError> {
        let conn = self.connection.get().await?;
        match commit::delete(conn, seqs).await {
            Ok(removed) => {
                self.shared.removed(removed);
                return Ok(());
            }
            Err(error) if Fault::of(&error) == Fault::Full => self.space.disk_is_full(),
            Err(error) => return Err(self.connection.failed(&error).await),
        }
        self.remove_singly(seqs).await
    }

    /// Frees a full log a row at a time. The published rows that are left when
    /// even that fails are asked for again by the pump.
    async fn remove_singly(&mut self, seqs: &[i64]) -> Result<(), WriteError> {
        for &seq in seqs {
            let conn = self.connection.get().await?;
            match commit::delete_one(conn, seq).await {
                Ok(removed) => self.shared.removed(removed),
                Err(error) => return Err(self.connection.failed(&error).await),
            }
        }
        Ok(())
    }

    async fn reject(&mut self, rejection: Rejection) -> Result<(), WriteError> {
        let (conn, seq) = self.connection.get_numbered(1).await?;
        let letter_lane = rejection.dead_letter.as_ref().map(|row| row.lane);
        let result = commit::reject(conn, &self.inserts, seq, rejection).await;
        self.shared.fresh.restart(seq);
        match result {
            Ok(change) => {
                self.shared.added(change.added);
                self.shared.removed(change.removed);
                self.shared.set_rejected(self.shared.rejected().saturating_add(change.removed));
                if let Some(lane) = letter_lane {
                    self.shared.wake(lane);
                }
                Ok(())
            }
            Err(error) => Err(self.connection.failed(&error).await),
        }
    }
}

/// Lets whoever can run now ask first, and those that this lets run, until nobody new
/// has asked: under load commits become larger and fewer, without it costs nothing.
async fn gather(commands: &mut mpsc::Receiver<Command>, waiting: &mut Vec<Command>) {
    let mut before = 0;
    while before < waiting.len() {
        before = waiting.len();
        tokio::task::yield_now().await;
        while waiting.len() < schema::MAX_ROWS
            && let Ok(command) = commands.try_recv()
        {
            waiting.push(command);
        }
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
            payload: "{}".into(),
            traceparent: None,
            at_ms: 1,
        }
    }

    async fn open(dir: &std::path::Path) -> anyhow::Result<(Writer, Arc<Shared>)> {
        let config = EventLogConfig::new(dir);
        let slot = Slot::acquire(dir)?;
        let space = Arc::new(Space::new(slot.dir(), &config));
        let shared = Arc::new(Shared::default());
        let writer = Writer::open(slot, config.hard_max_bytes, Arc::clone(&shared), space).await;
        Ok((writer, shared))
    }

    #[tokio::test]
    async fn a_broken_connection_is_replaced_and_what_was_committed_is_there() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let (mut writer, shared) = open(dir.path()).await?;
        assert_eq!(writer.insert(vec![row("a"), row("b")]).await, Ok(()));
        shared.set_depth(99);
        assert_eq!(writer.connection.failed(&sqlx::Error::WorkerCrashed).await, WriteError::Unavailable);
        assert!(!writer.connection.is_open(), "no commit is tried again on that connection");
        assert_eq!(writer.insert(vec![row("b"), row("c")]).await, Ok(()));
        assert_eq!(shared.depth(), 3, "counted anew");
        Ok(())
    }

    #[tokio::test]
    async fn a_commit_takes_any_number_of_rows_and_none_that_is_there() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let (mut writer, shared) = open(dir.path()).await?;
        let mut kept = 0;
        for count in [1, 2, 3, 4, 5, 8, 9, 17, schema::MAX_ROWS - 1, schema::MAX_ROWS] {
            let rows = |from: usize| (from..count).map(|n| row(&format!("{count}-{n}"))).collect::<Vec<_>>();
            // All but the first, then all: of those only the first is new.
            assert_eq!(writer.insert(rows(1)).await, Ok(()));
            assert_eq!(writer.insert(rows(0)).await, Ok(()));
            kept += u64::try_from(count)?;
            assert_eq!(shared.depth(), kept, "after {count} at once");
        }
        Ok(())
    }
}

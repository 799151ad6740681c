//! The connection that writes: opened with the slot, opened again after it broke.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, SqliteConnection};

use super::{
    commit, damage,
    fault::{self, Fault},
    schema,
    slot::Slot,
    space::Space,
    stats::Shared,
};

/// Time between two tries to reopen a log whose connection broke.
const REOPEN_EVERY: Duration = Duration::from_millis(250);

/// Why a write did not happen, or not for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteError {
    /// There is no room.
    Full,
    /// The log cannot be written now; the write may have taken effect.
    Unavailable,
}

/// The writer's connection, or the lack of one.
#[derive(Debug)]
pub(super) struct Connection {
    /// Held as long as the connection, so that nobody else opens the folder before
    /// we left it.
    slot: Slot,
    conn: Option<SqliteConnection>,
    hard_max_bytes: u64,
    shared: Arc<Shared>,
    space: Arc<Space>,
    reopen_at: Instant,
    /// The number of the next row; never given twice.
    next_seq: i64,
    /// It was open before: a damaged file is put aside only until then.
    was_open: bool,
}

impl Connection {
    /// Opens the slot's database, or will with the next write, or the one after it.
    pub(super) async fn open(
        slot: Slot,
        hard_max_bytes: u64,
        shared: Arc<Shared>,
        space: Arc<Space>,
    ) -> Self {
        let reopen_at = Instant::now();
        let mut connection =
            Self { slot, conn: None, hard_max_bytes, shared, space, reopen_at, next_seq: 1, was_open: false };
        // What keeps it closed is noted for `/ready`.
        let _ = connection.get().await;
        connection
    }

    /// The connection; a new one, now and then, when the last one broke.
    pub(super) async fn get(&mut self) -> Result<&mut SqliteConnection, WriteError> {
        if self.conn.is_none() {
            self.reopen().await?;
        }
        self.conn.as_mut().ok_or(WriteError::Unavailable)
    }

    /// The connection and the first of as many new numbers.
    pub(super) async fn get_numbered(
        &mut self,
        rows: usize,
    ) -> Result<(&mut SqliteConnection, i64), WriteError> {
        self.get().await?;
        let first = self.next_seq;
        self.next_seq = first.saturating_add_unsigned(u64::try_from(rows).unwrap_or(u64::MAX));
        self.conn.as_mut().map(|conn| (conn, first)).ok_or(WriteError::Unavailable)
    }

    /// The last number that was given.
    pub(super) fn last_seq(&self) -> i64 {
        self.next_seq.saturating_sub(1)
    }

    async fn reopen(&mut self) -> Result<(), WriteError> {
        if Instant::now() < self.reopen_at {
            return Err(WriteError::Unavailable);
        }
        self.space.make_room();
        let (slot, hard_max_bytes) = (self.slot.dir(), self.hard_max_bytes);
        let opened = if self.was_open {
            schema::open_writer(slot, hard_max_bytes).await
        } else {
            damage::open_writer(slot, hard_max_bytes).await
        };
        let opened = match opened {
            Ok(conn) => self.take_over(conn).await,
            Err(error) => Err(error),
        };
        if let Err(error) = opened {
            self.reopen_at = Instant::now() + REOPEN_EVERY;
            self.trouble(&error, "cannot be opened");
            return Err(WriteError::Unavailable);
        }
        self.was_open = true;
        self.shared.set_open();
        self.shared.set_trouble(None);
        tracing::info!("the event log is open");
        Ok(())
    }

    /// Notes why nothing can be written, and logs it where it is new. To SQLite a full disk
    /// often is an "I/O error": what is free says which.
    fn trouble(&self, error: &sqlx::Error, what: &str) {
        let why = match self.space.shortage() {
            Some(full) => format!("{full}: {error}"),
            None => error.to_string(),
        };
        if self.shared.set_trouble(Some(format!("it {what}: {why}"))) {
            tracing::error!(cause = why, "the event log {what} and is tried again");
        }
    }

    /// Counts what is there and begins to use it.
    async fn take_over(&mut self, mut conn: SqliteConnection) -> Result<(), sqlx::Error> {
        let (depth, rejected) = commit::counts(&mut conn).await?;
        let (used, reusable) = commit::pages(&mut conn).await?;
        let last = commit::last_seq(&mut conn).await?.max(self.last_seq());
        self.next_seq = last.saturating_add(1);
        self.shared.set_depth(depth);
        self.shared.set_rejected(rejected);
        self.shared.fresh.restart(last);
        self.space.set_pages(used, reusable);
        self.conn = Some(conn);
        Ok(())
    }

    /// Decides what a failure means. Nothing is tried again here: whether a failed
    /// commit took effect is not known, and its callers decide.
    pub(super) async fn failed(&mut self, error: &sqlx::Error) -> WriteError {
        match Fault::of(error) {
            Fault::Full => {
                self.space.disk_is_full();
                return WriteError::Full;
            }
            Fault::Passing => tracing::warn!(%error, "a write of the event log failed"),
            Fault::Broken => {
                self.trouble(error, "is broken");
                self.space.make_room();
                if fault::is_damage(error) {
                    damage::mark(self.slot.dir());
                }
                if let Some(conn) = self.conn.take() {
                    // The connection's thread has closed the file when this returns.
                    let _ = conn.close().await;
                }
                self.reopen_at = Instant::now();
            }
        }
        WriteError::Unavailable
    }

    /// Notes how many pages are in use.
    pub(super) async fn measure(&mut self) {
        let Ok(conn) = self.get().await else { return };
        match commit::pages(conn).await {
            Ok((used, reusable)) => self.space.set_pages(used, reusable),
            Err(error) => {
                self.failed(&error).await;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_open(&self) -> bool {
        self.conn.is_some()
    }

    /// Closes the files, then lets go of the slot.
    pub(super) async fn close(self) {
        let Self { conn, slot, .. } = self;
        if let Some(conn) = conn
            && let Err(error) = conn.close().await
        {
            tracing::warn!(%error, "the event log did not close cleanly; nothing that it acknowledged is lost");
        }
        drop(slot);
    }
}

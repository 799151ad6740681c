//! The log's database: how it is opened and what stands in it.

use std::{path::Path, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection,
    sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::slot::{private_file, sync_dir};

/// The database's file name in its slot.
pub(super) const FILE: &str = "events.db";

/// Most rows of one commit: 64 requests in flight seldom need more.
pub(super) const MAX_ROWS: usize = 128;

/// Bytes of payload after which a commit takes no more rows, so that the WAL, and
/// with it what a checkpoint needs, stays small.
pub(super) const MAX_COMMIT_BYTES: usize = 1024 * 1024;

/// Bytes of one page of a new database; one that was made with another size keeps it.
/// A call is some 2 kB: in pages of 4 kB two rows fill one, which is written with two
/// system calls, and often read again to delete them.
const PAGE_BYTES: u32 = 8192;

/// The fewest pages that a database may be limited to: its tables and some rows.
const MIN_PAGES: u64 = 32;

/// Pages in the WAL after which a commit moves them into the database: 4 MB of a new one.
const CHECKPOINT_PAGES: &str = "500";

/// `AUTOINCREMENT` keeps a sequence number from ever being used twice, so that a
/// delete by number cannot meet another row. The index on lanes leaves out lane 0,
/// the calls: nearly every row is theirs, they are read along the primary key,
/// and so appending one costs no second index.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    payload BLOB NOT NULL,
    traceparent TEXT,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_lane ON events (lane, seq) WHERE lane <> 0;
CREATE TABLE IF NOT EXISTS rejected (
    seq INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL,
    id TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload BLOB NOT NULL,
    traceparent TEXT,
    at_ms INTEGER NOT NULL,
    rejected_ms INTEGER NOT NULL,
    cause TEXT NOT NULL
) STRICT;
";

/// Opens the one connection that writes.
///
/// No auto-vacuum: pages that deletes free are used again by the next appends,
/// and a vacuum would move pages inside the commits that callers wait for. The
/// file therefore keeps its largest size, and free pages count as free space.
///
/// The checkpoint at the end is what makes reopening after a failed fsync safe:
/// frames that are only in the page cache are written to the database file and
/// synced, and later commits start a fresh log file instead of standing behind
/// frames that a power cut may take away.
pub(super) async fn open_writer(slot: &Path, hard_max_bytes: u64) -> Result<SqliteConnection, sqlx::Error> {
    let path = slot.join(FILE);
    private_file(&path)?;
    let mut conn = options(&path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .auto_vacuum(SqliteAutoVacuum::None)
        .pragma("secure_delete", "ON")
        // A WAL that grew behind a long read gives its space back.
        .pragma("journal_size_limit", "33554432")
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .connect()
        .await?;
    limit(&mut conn, hard_max_bytes).await?;
    sqlx::raw_sql(TABLES).execute(&mut conn).await?;
    let busy: i64 = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut conn).await?.try_get(0)?;
    if busy != 0 {
        conn.close().await?;
        return Err(sqlx::Error::Protocol("the log's checkpoint met a long reader".to_owned()));
    }
    sync_dir(slot)?;
    Ok(conn)
}

/// Lets the database have as many pages as fit in so many bytes.
async fn limit(conn: &mut SqliteConnection, hard_max_bytes: u64) -> Result<(), sqlx::Error> {
    let page_bytes: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *conn).await?;
    let pages = hard_max_bytes / u64::try_from(page_bytes).unwrap_or(1).max(1);
    // A pragma takes no parameters.
    let pragma = format!("PRAGMA max_page_count = {}", pages.max(MIN_PAGES));
    sqlx::query(AssertSqlSafe(pragma)).execute(conn).await?;
    Ok(())
}

/// Opens a connection that cannot write. The writer's must be open.
pub(super) async fn open_reader(slot: &Path) -> Result<SqliteConnection, sqlx::Error> {
    // A row can have half a megabyte: few of them wait between the threads.
    options(&slot.join(FILE)).create_if_missing(false).read_only(true).row_buffer_size(64).connect().await
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .page_size(PAGE_BYTES)
        .busy_timeout(Duration::from_secs(2))
        // KiB. What was appended is deleted some milliseconds later: under full load half a
        // megabyte of pages.
        .pragma("cache_size", "-512")
        .disable_statement_logging()
}

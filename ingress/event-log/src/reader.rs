//! The connection that only reads, for the pump and the figures. Its queries are
//! short, so that they never hold a checkpoint up.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::TryStreamExt;
use prosaas_events::subjects::Stream;
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteRow};

use super::{row::StoredRow, schema};

/// `lane <> 0` is what lets the partial index serve.
pub(super) const OTHER_LANE: &str = "SELECT seq, id, subject, payload, traceparent FROM events \
     WHERE lane = ?1 AND lane <> 0 AND seq > ?2 ORDER BY seq LIMIT ?3";

/// How much one read takes at most; one row always fits.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimit {
    pub rows: usize,
    pub bytes: usize,
}

impl ReadLimit {
    /// Whether one more row fits behind these, with so many bytes of payload in all.
    pub(super) fn fits(self, rows: &[StoredRow], bytes: usize) -> bool {
        rows.is_empty() || (rows.len() < self.rows && bytes <= self.bytes)
    }

    /// For SQL's `LIMIT`.
    fn sql_rows(self) -> i64 {
        i64::try_from(self.rows).unwrap_or(i64::MAX)
    }
}

/// Rows of one lane, oldest first.
#[derive(Debug, Default)]
pub struct Chunk {
    pub rows: Vec<StoredRow>,
    /// Up to here nothing of this lane is left unread.
    pub scanned_to: i64,
}

/// A connection that is opened when it is first needed, and again after an error.
#[derive(Debug)]
pub(super) struct Reader {
    slot: PathBuf,
    conn: Option<SqliteConnection>,
}

impl Reader {
    pub(super) fn new(slot: &Path) -> Self {
        Self { slot: slot.to_owned(), conn: None }
    }

    /// The next rows of a lane after a sequence number.
    pub(super) async fn read(
        &mut self,
        lane: Stream,
        after: i64,
        limit: ReadLimit,
    ) -> Result<Chunk, sqlx::Error> {
        let mut conn = self.take().await?;
        let chunk = if lane == Stream::Calls {
            read_calls(&mut conn, after, limit).await
        } else {
            read_other(&mut conn, lane, after, limit).await
        }?;
        self.conn = Some(conn);
        Ok(chunk)
    }

    /// When the oldest row came, milliseconds since 1970.
    pub(super) async fn oldest_ms(&mut self) -> Result<Option<i64>, sqlx::Error> {
        let mut conn = self.take().await?;
        let at = sqlx::query_scalar("SELECT at_ms FROM events ORDER BY seq LIMIT 1")
            .fetch_optional(&mut conn)
            .await?;
        self.conn = Some(conn);
        Ok(at)
    }

    pub(super) async fn close(&mut self) {
        if let Some(conn) = self.conn.take() {
            let _ = conn.close().await;
        }
    }

    /// The connection; it is put back only after success.
    async fn take(&mut self) -> Result<SqliteConnection, sqlx::Error> {
        match self.conn.take() {
            Some(conn) => Ok(conn),
            None => schema::open_reader(&self.slot).await,
        }
    }
}

/// Lane 0 has no index: it is read along the primary key. Where it ends is noted
/// first, so that other lanes' rows which wait behind are not walked again.
async fn read_calls(conn: &mut SqliteConnection, after: i64, limit: ReadLimit) -> Result<Chunk, sqlx::Error> {
    let end: Option<i64> = sqlx::query_scalar("SELECT seq FROM events ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *conn)
        .await?;
    let end = end.unwrap_or(after).max(after);
    let query = sqlx::query(
        "SELECT seq, id, subject, payload, traceparent FROM events \
         WHERE lane = 0 AND seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
    )
    .bind(after)
    .bind(end)
    .bind(limit.sql_rows());
    let (rows, cut) = collect(query.fetch(conn), limit).await?;
    let last = rows.last().map_or(after, |row| row.seq);
    Ok(Chunk { rows, scanned_to: if cut { last } else { end } })
}

async fn read_other(
    conn: &mut SqliteConnection,
    lane: Stream,
    after: i64,
    limit: ReadLimit,
) -> Result<Chunk, sqlx::Error> {
    let query = sqlx::query(OTHER_LANE).bind(i64::from(lane.lane())).bind(after).bind(limit.sql_rows());
    let (rows, _) = collect(query.fetch(conn), limit).await?;
    let scanned_to = rows.last().map_or(after, |row| row.seq);
    Ok(Chunk { rows, scanned_to })
}

/// Takes rows up to the limit; says whether there may be more.
async fn collect<S>(mut stream: S, limit: ReadLimit) -> Result<(Vec<StoredRow>, bool), sqlx::Error>
where
    S: futures_util::Stream<Item = Result<SqliteRow, sqlx::Error>> + Unpin,
{
    let mut rows = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = stream.try_next().await? {
        let row = stored(&row)?;
        bytes = bytes.saturating_add(row.payload.len());
        if !limit.fits(&rows, bytes) {
            return Ok((rows, true));
        }
        rows.push(row);
    }
    let cut = rows.len() >= limit.rows;
    Ok((rows, cut))
}

fn stored(row: &SqliteRow) -> Result<StoredRow, sqlx::Error> {
    Ok(StoredRow {
        seq: row.try_get(0)?,
        id: row.try_get(1)?,
        subject: row.try_get(2)?,
        payload: Bytes::from(row.try_get::<Vec<u8>, _>(3)?),
        traceparent: row.try_get(4)?,
    })
}

//! The statements of the log's writer, each one transaction.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::{row::NewRow, schema::MAX_ROWS};

/// The inserts, each of a size. A commit takes the smallest that its rows fit in and leaves
/// the rest of its places empty, so that a few statements stay prepared instead of
/// [`MAX_ROWS`]: all of those were two megabytes.
#[derive(Debug)]
pub(super) struct Inserts(Vec<(usize, Arc<str>)>);

impl Inserts {
    pub(super) fn new() -> Self {
        let small = [1, 2, 4].into_iter();
        Self(
            small
                .chain((8..=MAX_ROWS).step_by(8))
                .map(|places| (places, insert_sql(places).into()))
                .collect(),
        )
    }

    /// Inserts the rows, which are at most [`MAX_ROWS`] and get numbers from `first`
    /// on, in one statement: alone, it is its own transaction and needs no more than
    /// one visit to the thread of the connection. Gives how many were new.
    pub(super) async fn run(
        &self,
        conn: &mut SqliteConnection,
        first: i64,
        rows: &[NewRow],
    ) -> Result<u64, sqlx::Error> {
        if rows.is_empty() {
            return Ok(0);
        }
        let Some((places, sql)) = self.0.iter().find(|(places, _)| *places >= rows.len()) else {
            return Err(sqlx::Error::Protocol(format!("{} rows are too many for a commit", rows.len())));
        };
        let empty = places.saturating_sub(rows.len());
        let mut query = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
        for (seq, row) in (first..).zip(rows) {
            query = query
                .bind(seq)
                .bind(i64::from(row.lane))
                .bind(row.id.as_str())
                .bind(row.subject.as_str())
                .bind(row.payload.as_ref())
                .bind(row.traceparent.as_deref())
                .bind(row.at_ms);
        }
        for _ in 0..empty.saturating_mul(COLUMNS) {
            query = query.bind(None::<i64>);
        }
        Ok(query.execute(conn).await?.rows_affected())
    }
}

/// Parameters of one row.
const COLUMNS: usize = 7;

/// An insert of rows, of which those without a number are none.
fn insert_sql(places: usize) -> String {
    let values = vec!["(?,?,?,?,?,?,?)"; places].join(",");
    format!(
        "INSERT INTO events (seq, lane, id, subject, payload, traceparent, at_ms) \
         SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL ON CONFLICT (id) DO NOTHING"
    )
}

/// Deletes rows by number, all or none. Gives how many there were.
pub(super) async fn delete(conn: &mut SqliteConnection, seqs: &[i64]) -> Result<u64, sqlx::Error> {
    let list = serde_json::to_string(seqs).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let result = sqlx::query("DELETE FROM events WHERE seq IN (SELECT value FROM json_each(?1))")
        .bind(list)
        .execute(conn)
        .await?;
    Ok(result.rows_affected())
}

/// Deletes one row. On a full disk this works where deleting many does not: it
/// changes few pages, and each commit leaves room for the next.
pub(super) async fn delete_one(conn: &mut SqliteConnection, seq: i64) -> Result<u64, sqlx::Error> {
    let result = sqlx::query("DELETE FROM events WHERE seq = ?1").bind(seq).execute(conn).await?;
    Ok(result.rows_affected())
}

/// A row that its stream will never take.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) seq: i64,
    pub(super) cause: String,
    pub(super) at_ms: i64,
    /// The dead letter that takes its place; none when it is one itself.
    pub(super) dead_letter: Option<NewRow>,
}

/// What a rejection changed: rows out of the events, rows into them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Rejected {
    pub(super) removed: u64,
    pub(super) added: u64,
}

/// Moves a row to `rejected` and puts its dead letter into the log as number `seq`,
/// both or neither.
pub(super) async fn reject(
    conn: &mut SqliteConnection,
    inserts: &Inserts,
    seq: i64,
    rejection: Rejection,
) -> Result<Rejected, sqlx::Error> {
    let mut tx = conn.begin().await?;
    sqlx::query(
        "INSERT INTO rejected (seq, lane, id, subject, payload, traceparent, at_ms, rejected_ms, cause) \
         SELECT seq, lane, id, subject, payload, traceparent, at_ms, ?2, ?3 FROM events WHERE seq = ?1 \
         ON CONFLICT (seq) DO NOTHING",
    )
    .bind(rejection.seq)
    .bind(rejection.at_ms)
    .bind(rejection.cause)
    .execute(&mut *tx)
    .await?;
    let removed = delete_one(&mut tx, rejection.seq).await?;
    let added = inserts.run(&mut tx, seq, rejection.dead_letter.as_slice()).await?;
    tx.commit().await?;
    Ok(Rejected { removed, added })
}

/// Pages of the database: bytes in use, and bytes kept for reuse.
pub(super) async fn pages(conn: &mut SqliteConnection) -> Result<(u64, u64), sqlx::Error> {
    let row = sqlx::query(
        "SELECT page_count * page_size, freelist_count * page_size \
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    )
    .fetch_one(conn)
    .await?;
    let bytes = |index: usize| row.try_get(index).map(|bytes: i64| u64::try_from(bytes).unwrap_or(0));
    let (total, free) = (bytes(0)?, bytes(1)?);
    Ok((total.saturating_sub(free), free))
}

/// The highest number that was ever given to a row; zero for none.
pub(super) async fn last_seq(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'")
        .fetch_one(conn)
        .await
}

/// Rows that wait, and rows that were rejected.
pub(super) async fn counts(conn: &mut SqliteConnection) -> Result<(u64, u64), sqlx::Error> {
    let row = sqlx::query("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM rejected)")
        .fetch_one(conn)
        .await?;
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok((count(row.try_get(0)?), count(row.try_get(1)?)))
}

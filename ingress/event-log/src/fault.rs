//! What a failed write of the log means for the next one.

use sqlx::Error;

/// Kinds of failure, by what has to happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No room. The transaction is rolled back, the connection is good.
    Full,
    /// The connection cannot be trusted any more: an fsync or another I/O call
    /// failed, the file is damaged, or the connection's thread has gone.
    Broken,
    /// This write failed, the next may not.
    Passing,
}

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NO_MEMORY: i32 = 7;
const INTERRUPT: i32 = 9;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CONSTRAINT: i32 = 19;
const NOT_A_DATABASE: i32 = 26;

/// Whether the file itself is no database, or a damaged one.
pub(super) fn is_damage(error: &Error) -> bool {
    matches!(primary_code(error), Some(CORRUPT | NOT_A_DATABASE))
}

fn primary_code(error: &Error) -> Option<i32> {
    let Error::Database(database) = error else { return None };
    database.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff)
}

impl Fault {
    pub(super) fn of(error: &Error) -> Self {
        match primary_code(error) {
            Some(FULL) => Self::Full,
            Some(BUSY | LOCKED | NO_MEMORY | INTERRUPT | CONSTRAINT) => Self::Passing,
            _ => Self::Broken,
        }
    }
}

//! A replay under way.

use uuid::Uuid;

/// A replay that this process holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub id: Uuid,
    pub number: i64,
    pub rate: i32,
    /// Its events had succeeded, and each run of theirs is another one.
    pub again: bool,
    /// Its events run one after the other: a command may need what the one before it did.
    pub in_order: bool,
}

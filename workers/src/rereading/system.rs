//! Who reads again, and how much at once.

use crate::audit::Actor;

/// Rows of one transaction.
pub(super) const BATCH: i64 = 500;

/// As audit records name it.
pub(super) fn actor() -> Actor {
    Actor::system("setup")
}

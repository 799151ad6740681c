//! An attempt.

use prosaas_domain::{ids::BusinessId, message::Sender, phone::E164};
use uuid::Uuid;

/// Attempts, and questions, at once.
pub(super) const AT_ONCE: i64 = 16;

/// An attempt that is a row, and whose request has not left.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) id: Uuid,
    pub(super) effect: Uuid,
    pub(super) business: BusinessId,
    pub(super) number: i32,
    pub(super) sender: Sender,
    pub(super) to: E164,
    pub(super) body: String,
}

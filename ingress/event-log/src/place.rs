//! What lies in the slot that the log holds.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{last_resort::LastResort, reader::Reader, space::Space};

/// What lies in the slot that the log holds.
pub(super) struct Place {
    pub(super) slot_name: String,
    pub(super) reader: Mutex<Reader>,
    pub(super) space: Arc<Space>,
    pub(super) last_resort: LastResort,
}

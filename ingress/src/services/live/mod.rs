//! Live updates.

pub mod hub;
pub mod ring;
pub mod slots;

//! The ingress.

pub mod event_log;
pub mod pump;

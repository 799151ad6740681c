//! The ingress.

pub mod twilio;

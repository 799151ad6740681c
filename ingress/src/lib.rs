//! The ingress.

pub mod answer;

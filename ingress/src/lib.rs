//! The ingress: thin HTTP that validates, keeps the event, and answers.

pub mod answer;
pub mod api;
pub mod app;
pub mod call_config;
pub mod config;
pub mod connections;
mod counters;
pub mod facts;
pub mod health;
pub mod internal;
pub mod latency;
pub mod problem;
pub mod serve;
pub mod spa;
pub mod webhook;

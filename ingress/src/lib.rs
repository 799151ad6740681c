//! The ingress: thin HTTP that validates, keeps the event, and answers.

pub mod answer;
pub mod api;
pub mod config;
mod counters;
pub mod health;
pub mod http;
pub mod internal;
pub mod request;
pub mod router;
pub mod serve;
pub mod services;
pub mod state;
pub mod webhooks;

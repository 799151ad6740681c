//! The API over a real Postgres, with NATS away: what it answers, and what it keeps.

mod commands;
mod cross_site;
mod links;
mod lists;
mod logins;
mod mailbox;
mod operators;
mod rights;
mod sessions;
mod support;

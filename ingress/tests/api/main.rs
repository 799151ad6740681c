//! The API over a real Postgres, with NATS away: what it answers, and what it keeps.

mod bulk;
mod commands;
mod cross_site;
mod emails;
mod fair_reads;
mod known_places;
mod links;
mod lists;
mod logins;
mod mailbox;
mod operators;
mod pooled;
mod quotas;
mod rights;
mod sessions;
mod support;

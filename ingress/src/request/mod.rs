//! What every endpoint shares and needs the state for: who asks, about what, and how a change becomes a command.

pub mod audit_record;
pub mod command;
pub mod cross_site;
pub mod meta;
pub mod operation;
pub mod routes;
pub mod scope;
mod session;
pub mod waiting;

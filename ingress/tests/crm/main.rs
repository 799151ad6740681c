//! The API's reads and the forms of its commands, on a real Postgres; live updates on a
//! real nats-server besides.

mod calls;
mod leads;
mod live;
mod plans;
mod recordings;
mod settings;
mod summary;
mod support;

//! The API's reads and the forms of its commands, on a real Postgres; live updates on a
//! real nats-server besides.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what the tests share fails them where it finds what it cannot read"
)]

mod calls;
mod leads;
mod live;
mod matrix;
mod plans;
mod recordings;
mod settings;
mod summary;
mod support;

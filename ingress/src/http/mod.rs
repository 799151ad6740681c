//! The kit of HTTP: it knows neither the state nor a feature.

pub mod client_address;
pub mod connections;
pub mod cookie;
pub mod cross_site;
pub mod etag;
pub mod extract;
pub mod idempotency;
pub mod keys;
pub mod metrics;
pub mod page;
pub mod prefer;
pub mod problem;
pub mod query;
pub mod session;
pub mod stored;
pub mod text;

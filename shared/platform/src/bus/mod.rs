//! NATS JetStream: the connection, and the definitions that stand in `nats/`.

pub mod connection;
pub mod definitions;
pub mod durability;
pub mod publisher;
pub mod reconcile;
pub mod store;

pub use connection::{BusError, Role, connect};

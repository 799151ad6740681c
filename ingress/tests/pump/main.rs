//! The pump on a real nats-server: nothing lost, nothing double, nothing stuck.

mod batches;
mod outages;
mod support;

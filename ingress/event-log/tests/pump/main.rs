//! The pump on a real nats-server: nothing lost, nothing double, nothing stuck.

mod batches;
mod full_disk;
mod lanes;
mod outages;
mod support;

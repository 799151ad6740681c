//! What every program stands on: settings, the bus, the store, the object store, telemetry, the
//! clock and signatures between our own programs.

#![warn(missing_docs)]

pub mod bus;
pub mod clock;
pub mod config;
pub mod internal_auth;
pub mod objects;
pub mod process;
pub mod store;
pub mod telemetry;
pub mod versions;

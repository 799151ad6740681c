//! What the ingress and the workers both speak: identifiers, events, subjects,
//! the bus, the store, configuration and telemetry.

pub mod audit;
pub mod bus;
pub mod call_config;
pub mod clock;
pub mod config;
pub mod dead_letters;
pub mod email;
pub mod events;
pub mod ids;
pub mod internal_auth;
pub mod live;
pub mod name;
pub mod objects;
pub mod password;
pub mod people;
pub mod phone;
pub mod process;
pub mod replays;
pub mod retries;
pub mod rights;
pub mod store;
pub mod subjects;
pub mod telemetry;
pub mod text;
pub mod visible;
pub mod whatsapp_service;

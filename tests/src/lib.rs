//! Test support: the real nats-server, a real Postgres, the real binaries, and
//! stand-ins for Twilio. Every wait is bounded, and every process that a test
//! starts ends with it.

pub mod cluster;
pub mod collector;
pub mod environment;
pub mod eventually;
pub mod fake_twilio;
pub mod http1;
pub mod ingress;
pub mod load;
pub mod nats;
pub mod nginx;
pub mod person;
pub mod phone;
pub mod pooler;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod random;
pub mod scratch;
pub mod sdk;
pub mod settings;
pub mod small_disk;
pub mod stack;
pub mod strace;
pub mod twilio;
pub mod whatsapp;
pub mod workers;

//! The workers on a real Postgres and a real nats-server. Set `DATABASE_URL` (a
//! server on which databases can be made) and `NATS_SERVER_BIN`.

mod batches;
mod calls;
mod crm;
mod dead_letters;
mod domain_events;
mod fair;
mod jobs;
mod operators;
mod ops_cli;
mod outage;
mod outward;
mod pool;
mod process;
mod recordings;
mod replays;
mod rereading;
mod runtime;
mod support;
mod whatsapp;

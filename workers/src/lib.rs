//! The workers: JetStream consumers that own every change of state.

pub mod audit;
pub mod calls;
pub mod config;
pub mod counters;
pub mod crm;
pub mod dead_letters;
pub mod domain_events;
pub mod faults;
pub mod jobs;
pub mod live;
pub mod operators;
pub mod outward;
pub mod recordings;
pub mod replays;
pub mod rereading;
pub mod runtime;
pub mod serve;
pub mod setup;
mod text;
pub mod twilio;
pub mod whatsapp;

use std::time::Duration;

use sqlx::PgPool;

/// How long Postgres may take to say that it is there.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Whether Postgres answers and takes writes.
async fn store_answers(pool: &PgPool) -> bool {
    let asked = sqlx::query_scalar!(r#"SELECT NOT pg_is_in_recovery() AS "writable!""#).fetch_one(pool);
    matches!(tokio::time::timeout(ANSWER_TIMEOUT, asked).await, Ok(Ok(true)))
}

//! Knows what was sent, and looks for each of it once.

use std::collections::{HashMap, HashSet};

use prosaas_shared::subjects::consumers;
use prosaas_tests::{load::Attempt, stack::Stack};
use sqlx::PgPool;

/// What is there of each call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Books {
    /// Calls that were answered.
    pub acknowledged: usize,
    /// Of these, those with neither an effect nor a dead letter.
    pub nothing: usize,
    /// Calls with exactly one effect.
    pub applied: usize,
    /// Calls with an open dead letter.
    pub dead: usize,
    /// Calls with an effect and an open dead letter.
    pub both: usize,
    /// Calls with more than one row of history, audit record or processed mark.
    pub not_once: usize,
    /// Calls with more than one open dead letter.
    pub dead_twice: usize,
    /// Calls that nobody made.
    pub strange: usize,
    /// Leads beyond that of the one caller.
    pub leads_too_many: usize,
}

impl Books {
    /// Nothing is missing, and nothing is there twice.
    pub const fn is_sound(&self) -> bool {
        let doubles = self.both + self.not_once + self.dead_twice + self.leads_too_many;
        self.nothing == 0 && doubles == 0 && self.strange == 0
    }
}

pub struct Accountant<'a> {
    pool: &'a PgPool,
    attempts: &'a [Attempt],
}

impl<'a> Accountant<'a> {
    pub const fn new(pool: &'a PgPool, attempts: &'a [Attempt]) -> Self {
        Self { pool, attempts }
    }

    /// Fails while a consumer has something left to do.
    pub async fn consumed(&self, stack: &Stack) -> anyhow::Result<()> {
        let js = stack.nats.jetstream().await?;
        let pairs = [
            ("CALLS", consumers::CALLS),
            ("DEAD", consumers::DEAD_LETTERS),
            ("ADVISORIES", consumers::ADVISORIES),
        ];
        for (stream, consumer) in pairs {
            let info = js.get_stream_no_info(stream).await?.consumer_info(consumer).await?;
            let left = info.num_pending + u64::try_from(info.num_ack_pending)?;
            anyhow::ensure!(left == 0, "{left} messages wait for {consumer}");
        }
        Ok(())
    }

    /// Counts.
    pub async fn balance(&self) -> anyhow::Result<Books> {
        let effects: Vec<(String, i64, i64, i64)> = sqlx::query_as(
            "SELECT c.call_sid,
                    (SELECT count(*) FROM prosaas.call_events e WHERE e.call_sid = c.call_sid),
                    (SELECT count(*) FROM prosaas.audit_records a
                     WHERE a.entity_type = 'call' AND a.entity_id = c.call_sid),
                    (SELECT count(*) FROM prosaas.processed_events p
                     WHERE p.event_id = 'call.incoming:' || c.call_sid)
             FROM prosaas.calls c",
        )
        .fetch_all(self.pool)
        .await?;
        let dead: Vec<(String, i64)> = sqlx::query_as(
            "SELECT entity, count(*) FROM prosaas.dead_letters
             WHERE state IN ('new', 'replaying') AND entity IS NOT NULL GROUP BY entity",
        )
        .fetch_all(self.pool)
        .await?;
        let leads: i64 =
            sqlx::query_scalar("SELECT count(*) FROM prosaas.leads").fetch_one(self.pool).await?;
        let made: HashSet<&str> = self.attempts.iter().map(|attempt| attempt.call.as_str()).collect();
        let rows: HashSet<&str> = effects.iter().map(|row| row.0.as_str()).collect();
        let dead: HashMap<&str, i64> = dead.iter().map(|(call, count)| (call.as_str(), *count)).collect();
        let acknowledged = self.attempts.iter().filter(|attempt| attempt.problem.is_none());
        let gone =
            |call: &&Attempt| !rows.contains(call.call.as_str()) && !dead.contains_key(call.call.as_str());
        Ok(Books {
            acknowledged: acknowledged.clone().count(),
            nothing: acknowledged.filter(gone).count(),
            applied: rows.len(),
            dead: dead.len(),
            both: rows.iter().filter(|call| dead.contains_key(*call)).count(),
            not_once: effects.iter().filter(|row| (row.1, row.2, row.3) != (1, 1, 1)).count(),
            dead_twice: dead.values().filter(|count| **count != 1).count(),
            strange: rows.iter().chain(dead.keys()).filter(|call| !made.contains(*call)).count(),
            leads_too_many: usize::try_from(leads)?.saturating_sub(1),
        })
    }
}

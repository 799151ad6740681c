//! Knows what was sent, and looks for each of it once.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use prosaas_events::subjects::consumers;
use prosaas_tests::{load::Attempt, stack::Stack};
use sqlx::PgPool;

use crate::traffic::Recorded;

/// What is there of each call, or of each recording.
#[derive(Debug, Clone, Copy, Default)]
pub struct Books {
    /// Those that were answered.
    pub acknowledged: usize,
    /// Of these, those with neither an effect nor a dead letter.
    pub nothing: usize,
    /// Those with an effect.
    pub applied: usize,
    /// Those with an open dead letter.
    pub dead: usize,
    /// Those with an effect and an open dead letter.
    pub both: usize,
    /// Those whose effect is there more than once, or not whole: its row, its history, its
    /// audit record, its processed mark, a recording's audio.
    pub not_once: usize,
    /// Those with more than one open dead letter.
    pub dead_twice: usize,
    /// Those that nobody made.
    pub strange: usize,
}

impl Books {
    /// Nothing is missing, and nothing is there twice.
    pub const fn is_sound(&self) -> bool {
        let doubles = self.both + self.not_once + self.dead_twice;
        self.nothing == 0 && doubles == 0 && self.strange == 0
    }

    fn of(sent: &Sent<'_>, effects: &HashMap<String, bool>, dead: &HashMap<String, i64>) -> Self {
        let gone = |id: &&&str| !effects.contains_key(**id) && !dead.contains_key(**id);
        let found = effects.keys().chain(dead.keys());
        Self {
            acknowledged: sent.acknowledged.len(),
            nothing: sent.acknowledged.iter().filter(gone).count(),
            applied: effects.len(),
            dead: dead.len(),
            both: effects.keys().filter(|id| dead.contains_key(*id)).count(),
            not_once: effects.values().filter(|once| !**once).count(),
            dead_twice: dead.values().filter(|count| **count != 1).count(),
            strange: found.filter(|id| !sent.all.contains(id.as_str())).count(),
        }
    }
}

/// What was sent, by id.
struct Sent<'a> {
    all: HashSet<&'a str>,
    acknowledged: Vec<&'a str>,
}

/// Everything at the end.
#[derive(Debug, Clone, Copy)]
pub struct Balance {
    pub calls: Books,
    pub recordings: Books,
    /// Leads beyond that of the one caller.
    pub leads_too_many: i64,
    /// Dead letters of workers that had no trouble.
    pub strange_letters: i64,
}

impl Balance {
    pub const fn is_sound(&self) -> bool {
        self.calls.is_sound()
            && self.recordings.is_sound()
            && self.leads_too_many == 0
            && self.strange_letters == 0
    }
}

pub struct Accountant<'a> {
    pool: &'a PgPool,
    store: &'a Path,
    attempts: &'a [Attempt],
    recorded: &'a [Recorded],
}

impl<'a> Accountant<'a> {
    pub const fn new(
        pool: &'a PgPool,
        store: &'a Path,
        attempts: &'a [Attempt],
        recorded: &'a [Recorded],
    ) -> Self {
        Self { pool, store, attempts, recorded }
    }

    /// Fails while a consumer has something left to do.
    pub async fn consumed(&self, stack: &Stack) -> anyhow::Result<()> {
        let js = stack.nats.jetstream().await?;
        let pairs = [
            ("CALLS", consumers::CALLS),
            ("RECORDINGS", consumers::RECORDINGS),
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
    pub async fn balance(&self) -> anyhow::Result<Balance> {
        let number = |sql: &'static str| sqlx::query_scalar(sql).fetch_one(self.pool);
        let leads: i64 = number("SELECT count(*) FROM prosaas.leads").await?;
        let strange =
            "SELECT count(*) FROM prosaas.dead_letters WHERE consumer NOT IN ('calls', 'recordings')";
        Ok(Balance {
            calls: self.calls().await?,
            recordings: self.recordings().await?,
            leads_too_many: (leads - 1).max(0),
            strange_letters: number(strange).await?,
        })
    }

    async fn calls(&self) -> anyhow::Result<Books> {
        let calls = || self.attempts.iter().chain(self.recorded.iter().map(|recorded| &recorded.call));
        let answered = calls().filter(|attempt| attempt.problem.is_none());
        let sent = Sent {
            all: calls().map(|attempt| attempt.call.as_str()).collect(),
            acknowledged: answered.map(|attempt| attempt.call.as_str()).collect(),
        };
        let effects: Vec<(String, bool)> = sqlx::query_as(
            "WITH history AS (SELECT call_sid AS id, count(*) AS n FROM prosaas.call_events GROUP BY 1),
                  audit AS (SELECT entity_id AS id, count(*) AS n FROM prosaas.audit_records
                            WHERE entity_type = 'call' GROUP BY 1),
                  marks AS (SELECT split_part(event_id, ':', 2) AS id, count(*) AS n,
                                   count(*) FILTER (WHERE starts_with(event_id, 'call.incoming:')) AS incoming
                            FROM prosaas.processed_events WHERE consumer = 'calls' GROUP BY 1)
             SELECT c.call_sid, coalesce((h.n, a.n) = (m.n, m.n) AND m.incoming <= 1, false)
             FROM prosaas.calls c LEFT JOIN history h ON h.id = c.call_sid
             LEFT JOIN audit a ON a.id = c.call_sid LEFT JOIN marks m ON m.id = c.call_sid",
        )
        .fetch_all(self.pool)
        .await?;
        let dead = self.dead(consumers::CALLS).await?;
        Ok(Books::of(&sent, &effects.into_iter().collect(), &dead))
    }

    /// The effect of a recording is its audio in our store and the row that says so; a row
    /// that says that it failed is none.
    async fn recordings(&self) -> anyhow::Result<Books> {
        let acknowledged = self.recorded.iter().filter(|recorded| recorded.acknowledged);
        let sent = Sent {
            all: self.recorded.iter().map(|recorded| recorded.recording.as_str()).collect(),
            acknowledged: acknowledged.map(|recorded| recorded.recording.as_str()).collect(),
        };
        let rows: Vec<(String, String, bool)> = sqlx::query_as(
            "WITH audit AS (SELECT entity_id AS id, count(*) AS n FROM prosaas.audit_records
                            WHERE entity_type = 'recording' AND action = 'recording.store' GROUP BY 1),
                  marks AS (SELECT substr(event_id, length('recording.available:') + 1) AS id, count(*) AS n
                            FROM prosaas.processed_events
                            WHERE consumer = 'recordings' GROUP BY 1)
             SELECT r.recording_sid, r.object_key, coalesce((a.n, m.n) = (1, 1), false)
             FROM prosaas.recordings r LEFT JOIN audit a ON a.id = r.recording_sid
             LEFT JOIN marks m ON m.id = r.recording_sid WHERE r.state = 'completed'",
        )
        .fetch_all(self.pool)
        .await?;
        let audio: HashMap<&str, &Recorded> =
            self.recorded.iter().map(|recorded| (recorded.recording.as_str(), recorded)).collect();
        let whole = |id: &str, key: &str| {
            let kept = std::fs::read(self.store.join(key)).unwrap_or_default();
            audio.get(id).is_some_and(|recorded| recorded.audio() == kept)
        };
        let effects = rows.into_iter().map(|(id, key, once)| {
            let once = once && whole(&id, &key);
            (id, once)
        });
        let dead = self.dead(consumers::RECORDINGS).await?;
        Ok(Books::of(&sent, &effects.collect(), &dead))
    }

    /// Open dead letters by what they are about.
    async fn dead(&self, consumer: &str) -> anyhow::Result<HashMap<String, i64>> {
        let found: Vec<(String, i64)> = sqlx::query_as(
            "SELECT coalesce(entity, id::text), count(*) FROM prosaas.dead_letters
             WHERE state IN ('new', 'replaying') AND consumer = $1 GROUP BY 1",
        )
        .bind(consumer)
        .fetch_all(self.pool)
        .await?;
        Ok(found.into_iter().collect())
    }
}

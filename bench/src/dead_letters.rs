//! How fast operators find what failed among 100,000 dead letters: the reads of the
//! API and of the command line, on a database of their size. And how fast all of them run
//! again: by the command line's replay, through the workers as they are released.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use prosaas_dead_letters::list;
use prosaas_events::selection::{DeadLetterFilter, Selection, State};
use prosaas_platform::store;
use secrecy::SecretString;
use serde::Serialize;
use sqlx::PgPool;

use crate::{
    config_change::{setup, start_ops, start_workers},
    contestant::Surroundings,
};

/// How many there are in a full run.
pub const LETTERS: i64 = 100_000;

/// The rate cap of the replay, events a second: the most that may be asked for, so that the
/// workers set the pace.
const RATE: u32 = 5000;

/// How long the replay may take.
const PATIENCE: Duration = Duration::from_mins(15);

/// Reads of each kind.
const READS: u32 = 200;

/// Rows of a page.
const PAGE: i64 = 51;

/// What was measured, in the order of [`measure`].
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// How many dead letters there are.
    pub letters: i64,
    /// Each kind of read.
    pub reads: Vec<Read>,
    /// From the command until every event has its result, seconds.
    pub replayed_s: f64,
}

/// One kind of read.
#[derive(Debug, Serialize)]
pub struct Read {
    /// What is read.
    pub name: &'static str,
    /// Half were faster, milliseconds.
    pub p50_ms: f64,
    /// 95 of 100 were faster, milliseconds.
    pub p95_ms: f64,
}

/// Four workers, a hundred kinds of errors, fifty businesses, 1.2 kB each; every tenth is replayed. The
/// events are calls of five thousand callers to the number that the workers know.
const FILL: &str = "INSERT INTO prosaas.dead_letters
    (id, consumer, stream, stream_sequence, subject, headers, payload, payload_bytes, event_id, event_type,
     business_id, entity, terms, reason, error_chain, fingerprint, attempts, state, first_died_at, died_at, settled_at)
SELECT gen_random_uuid(), (ARRAY['calls', 'recordings', 'crm', 'whatsapp'])[1 + n % 4], 'CALLS', n,
       'call.incoming.CAdead' || n, '[]', p.payload, octet_length(p.payload), 'call.incoming:CAdead' || n,
       'pro.prosaas.call.incoming.v1',
       ('00000000-0000-0000-0000-0000000000' || lpad((n % 50)::text, 2, '0'))::uuid,
       'CAdead' || n, ARRAY['CAdead' || n, '+97254' || lpad((n % 5000)::text, 7, '0')], 'exhausted', ARRAY['a', 'b'],
       lpad(to_hex(n % 100), 16, '0'), 12, CASE WHEN n % 10 = 0 THEN 'replayed' ELSE 'new' END,
       now() - n * interval '1 second', now() - n * interval '1 second', CASE WHEN n % 10 = 0 THEN now() END
FROM generate_series(1, $1) n
CROSS JOIN LATERAL (SELECT convert_to(jsonb_build_object(
    'specversion', '1.0', 'id', 'call.incoming:CAdead' || n, 'source', '/bench',
    'type', 'pro.prosaas.call.incoming.v1', 'subject', 'CAdead' || n, 'time', '2026-01-01T00:00:00Z',
    'datacontenttype', 'application/json', 'padding', repeat('x', 600),
    'data', jsonb_build_object('call_sid', 'CAdead' || n, 'from', '+97254' || lpad((n % 5000)::text, 7, '0'),
        'to', $2::text, 'direction', 'inbound', 'status', 'ringing', 'answer', 'record'))::text, 'UTF8') AS payload) p";

/// All of them are the calls worker's now, and wait for a person.
const REOPEN: &str = "UPDATE prosaas.dead_letters
    SET consumer = 'calls', state = 'new', settled_at = NULL, settled_by = NULL, settled_reason = NULL";

/// Fills a database, reads it in every way, and runs all of it again.
pub async fn measure(around: &Surroundings<'_>, letters: i64) -> anyhow::Result<Outcome> {
    let folder = around.folder.join("dead-letters");
    std::fs::create_dir_all(&folder)?;
    setup(around, &folder).await?;
    let pool = store::connect(&SecretString::from(around.database.url.clone()), 2).await?;
    sqlx::query(FILL).bind(letters).bind(&around.sender.called).execute(&pool).await.context("filling")?;
    sqlx::query("ANALYZE prosaas.dead_letters").execute(&pool).await?;
    let reads = reads(&pool).await?;
    sqlx::query(REOPEN).execute(&pool).await?;
    sqlx::raw_sql("VACUUM ANALYZE prosaas.dead_letters").execute(&pool).await?;
    let workers = start_workers(around, &folder)?;
    let began = Instant::now();
    let rate = RATE.to_string();
    let replay = ["dead", "replay", "--worker", "calls", "--reason", "mended", "--yes", "--rate", &rate];
    start_ops(around, &folder, &replay)?.succeeded(PATIENCE).await?;
    let replayed_s = began.elapsed().as_secs_f64();
    workers.stop().await?;
    for effects in [
        "SELECT count(*) FROM prosaas.dead_letters WHERE state = 'replayed'",
        "SELECT count(*) FROM prosaas.calls WHERE call_sid LIKE 'CAdead%' AND lead_id IS NOT NULL",
        "SELECT count(*) FROM prosaas.audit_records WHERE entity_type = 'call' AND entity_id LIKE 'CAdead%'",
    ] {
        let found: i64 = sqlx::query_scalar(effects).fetch_one(&pool).await?;
        ensure!(found == letters, "{found} of {letters}: {effects}");
    }
    pool.close().await;
    Ok(Outcome { letters, reads, replayed_s })
}

async fn reads(pool: &PgPool) -> anyhow::Result<Vec<Read>> {
    let all = DeadLetterFilter::default;
    let new = || DeadLetterFilter { state: Some(State::New), ..all() };
    let filters = [
        ("first page", all()),
        ("by worker and state", DeadLetterFilter { worker: Some("calls".to_owned()), ..new() }),
        ("by fingerprint", DeadLetterFilter { fingerprint: Some("000000000000002a".to_owned()), ..new() }),
        ("by phone number", DeadLetterFilter { entity: Some("054-000-1234".to_owned()), ..all() }),
        (
            "by business",
            DeadLetterFilter { business_id: Some("00000000-0000-0000-0000-000000000007".parse()?), ..all() },
        ),
    ];
    let mut reads = Vec::new();
    for (name, filter) in filters {
        reads.push(
            timed(name, READS, || async { list::page(pool, &filter, None, PAGE).await.map(drop) }).await?,
        );
    }
    reads.push(deep(pool).await?);
    let filter = new();
    reads.push(timed("groups", READS / 10, || async { list::groups(pool, &filter).await.map(drop) }).await?);
    let count = || async { list::count(pool, Selection::Filter(new())).await.map(drop) };
    reads.push(timed("count of a replay", READS / 10, count).await?);
    Ok(reads)
}

/// Every page of the list, from the first to the last.
async fn deep(pool: &PgPool) -> anyhow::Result<Read> {
    let (filter, mut after, mut took) = (DeadLetterFilter::default(), None, Vec::new());
    for _ in 0..READS {
        let began = Instant::now();
        let page = list::page(pool, &filter, after, PAGE).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        // Hops of ten minutes reach the end of a day's failures.
        after = page.last().map(|last| (last.died_at - chrono::TimeDelta::minutes(8), last.id));
    }
    Ok(Read::of("a page deep in the list", took))
}

async fn timed<F>(name: &'static str, times: u32, read: impl Fn() -> F) -> anyhow::Result<Read>
where
    F: Future<Output = Result<(), sqlx::Error>>,
{
    let mut took = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        read().await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(Read::of(name, took))
}

impl Read {
    fn of(name: &'static str, mut took: Vec<f64>) -> Self {
        took.sort_by(f64::total_cmp);
        let at = |hundredths: usize| took.get(took.len() * hundredths / 100).copied().unwrap_or_default();
        Self { name, p50_ms: at(50), p95_ms: at(95) }
    }
}

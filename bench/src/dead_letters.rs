//! How fast operators find what failed among 100,000 dead letters: the reads of the
//! API and of the command line, on a database of their size.

use std::time::Instant;

use anyhow::Context as _;
use prosaas_shared::{
    dead_letters::{
        State,
        filter::{DeadLetterFilter, Selection},
        list,
    },
    store,
};
use secrecy::SecretString;
use serde::Serialize;
use sqlx::PgPool;

use crate::database::Database;

/// How many there are.
pub const LETTERS: i64 = 100_000;

/// Reads of each kind.
const READS: u32 = 200;

/// Rows of a page.
const PAGE: i64 = 51;

/// What was measured, in the order of [`measure`].
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Each kind of read.
    pub reads: Vec<Read>,
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

/// Four workers, a hundred kinds of errors, fifty businesses, 1 kB each; every tenth is replayed.
const FILL: &str = "INSERT INTO prosaas.dead_letters
    (id, consumer, stream, stream_sequence, subject, headers, payload, payload_bytes, event_id, event_type,
     business_id, entity, terms, reason, error_chain, fingerprint, attempts, state, first_died_at, died_at, settled_at)
SELECT gen_random_uuid(), (ARRAY['calls', 'recordings', 'crm', 'whatsapp'])[1 + n % 4], 'CALLS', n,
       'call.status.CA' || n, '[]', convert_to(repeat('x', 1000), 'UTF8'), 1000, 'e' || n,
       'pro.prosaas.call.status.v1', ('00000000-0000-0000-0000-0000000000' || lpad((n % 50)::text, 2, '0'))::uuid,
       'CA' || n, ARRAY['CA' || n, '+97254' || lpad((n % 5000)::text, 7, '0')], 'exhausted', ARRAY['a', 'b'],
       lpad(to_hex(n % 100), 16, '0'), 12, CASE WHEN n % 10 = 0 THEN 'replayed' ELSE 'new' END,
       now() - n * interval '1 second', now() - n * interval '1 second', CASE WHEN n % 10 = 0 THEN now() END
FROM generate_series(1, $1) n";

/// Fills a database and reads it in every way.
pub async fn measure(database: &Database) -> anyhow::Result<Outcome> {
    let pool = store::connect(&SecretString::from(database.url.clone()), 2).await?;
    store::migrate(&pool).await?;
    sqlx::query(FILL).bind(LETTERS).execute(&pool).await.context("filling")?;
    sqlx::query("ANALYZE prosaas.dead_letters").execute(&pool).await?;
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
            timed(name, READS, || async { list::page(&pool, &filter, None, PAGE).await.map(drop) }).await?,
        );
    }
    reads.push(deep(&pool).await?);
    let filter = new();
    reads.push(timed("groups", READS / 10, || async { list::groups(&pool, &filter).await.map(drop) }).await?);
    let count = || async { list::count(&pool, Selection::Filter(new())).await.map(drop) };
    reads.push(timed("count of a replay", READS / 10, count).await?);
    pool.close().await;
    Ok(Outcome { reads })
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

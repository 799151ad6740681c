//! Dead letters: every way to one row, and never to two.

use anyhow::{Context as _, Result};
use async_nats::jetstream::{AckKind, consumer::PullConsumer};
use futures_util::StreamExt as _;
use prosaas_dead_letters::{identity, list, read};
use prosaas_events::{
    dead_letter::{DeadLetterV1, DeadReason},
    selection::{DeadLetterFilter, State},
    subjects::{ADVISORIES_STREAM, Stream, consumers},
};
use prosaas_platform::{bus::Role, clock};
use prosaas_tests::random::Random;
use prosaas_workers::{
    calls::CallsWorker,
    dead_letters::{
        AdvisoriesWorker, DeadLettersWorker,
        file::{file, file_all},
        policy,
        report::{Report, Source},
    },
    live::Live,
    runtime::{Done, Policy, run},
};
use serde_json::json;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{Database, Nats, eventually};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The two workers that file.
pub struct Filing {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Filing {
    pub fn start(nats: &Nats, pool: &PgPool) -> Self {
        let stop = CancellationToken::new();
        let letters = DeadLettersWorker::new(pool.clone(), Live::silent(), clock::system());
        let advisories = AdvisoriesWorker::new(pool.clone(), nats.bus.jetstream.clone(), Live::silent());
        let tasks = vec![
            tokio::spawn(run(letters, nats.bus.clone(), policy(2), stop.clone())),
            tokio::spawn(run(advisories, nats.bus.clone(), policy(2), stop.clone())),
        ];
        Self { stop, tasks }
    }

    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        for task in self.tasks {
            task.await?;
        }
        Ok(())
    }
}

pub fn event(id: &str, call: &str) -> Vec<u8> {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/twilio/AC1", "type": "pro.prosaas.call.status.v1",
        "subject": call, "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json",
        "traceparent": TRACE,
        "data": { "call_sid": call, "status": "ringing", "from": "+972541234567" }
    });
    event.to_string().into_bytes()
}

/// What a worker would publish.
pub fn verdict(sequence: u64, event: &[u8]) -> Report {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    Report::of_verdict(DeadLetterV1 {
        id: format!("CALLS:{sequence}:calls"),
        stream: Some("CALLS".to_owned()),
        stream_sequence: Some(sequence),
        subject: "call.status.CA1".to_owned(),
        headers: vec![("Nats-Msg-Id".to_owned(), "e1".to_owned())],
        payload_base64: STANDARD.encode(event),
        payload_bytes: event.len(),
        consumer: "calls".to_owned(),
        worker: "workers-1".to_owned(),
        attempts: 12,
        error_chain: vec!["not applied".to_owned(), "no business for +972541234567".to_owned()],
        reason: DeadReason::Exhausted,
        trace_id: None,
        died_at: chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000),
        earlier_attempts: Vec::new(),
    })
}

fn advisory(sequence: u64, event: &[u8]) -> Report {
    Report {
        source: Source::Advisory,
        process: None,
        reason: "terminated",
        error_chain: vec!["terminated".to_owned()],
        ..verdict(sequence, event)
    }
}

async fn consumer(nats: &Nats, stream: &str, name: &str) -> Result<PullConsumer> {
    Ok(nats.ops.get_consumer_from_stream(name, stream).await?)
}

async fn settled(nats: &Nats, stream: &str, name: &str) -> Result<()> {
    eventually("everything is filed", || async {
        let info = consumer(nats, stream, name).await?.get_info().await?;
        Ok(info.num_pending == 0 && info.num_ack_pending == 0)
    })
    .await
}

async fn all(pool: &PgPool) -> Result<Vec<list::DeadLetterItem>> {
    Ok(list::page(pool, &DeadLetterFilter::default(), None, 100).await?)
}

#[tokio::test]
async fn a_verdict_and_its_advisory_are_one_dead_letter_whatever_the_bytes() -> Result<()> {
    let (nats, database) = (Nats::start().await?, Database::migrated().await?);
    let pool = &database.pool;
    let stop = CancellationToken::new();
    let calls =
        tokio::spawn(run(CallsWorker::new(pool.clone()), nats.bus.clone(), Policy::quick(2), stop.clone()));
    let filing = Filing::start(&nats, pool);
    let garbage = vec![0xff, 0x00, b'{'];
    nats.ops.publish("call.status.CA9", garbage.clone().into()).await?.await?;
    // Readable, and no event of calls.
    let other = json!({ "specversion": "1.0", "id": "e2", "type": "pro.prosaas.other.v1", "subject": "CA2",
                        "businessid": "00000000-0000-0000-0000-000000000007", "traceparent": TRACE,
                        "data": { "from": "054-123-4567" } });
    nats.ops.publish("call.status.CA2", other.to_string().into()).await?.await?;
    // No dead letter at all.
    nats.ops.publish("dead.call.status.CA3", "nonsense".into()).await?.await?;
    eventually("three are filed", || async { Ok(all(pool).await?.len() == 3) }).await?;
    eventually("both advisories came", || async {
        let stream = nats.ops.get_stream(ADVISORIES_STREAM).await?;
        Ok(stream.get_info().await?.state.messages == 2)
    })
    .await?;
    settled(&nats, ADVISORIES_STREAM, consumers::ADVISORIES).await?;
    settled(&nats, Stream::Dead.name(), consumers::DEAD_LETTERS).await?;
    let items = all(pool).await?;
    assert_eq!(items.len(), 3, "{items:?}");
    assert_eq!(
        database.count("SELECT count(*) FROM prosaas.dead_letter_reports WHERE source = 'verdict'").await?,
        3
    );

    let found = items.iter().find(|item| item.entity.as_deref() == Some("CA2")).context("CA2")?;
    assert_eq!((found.worker.as_str(), found.reason.as_str()), ("calls", "undecodable"));
    assert_eq!(found.event_type.as_deref(), Some("pro.prosaas.other.v1"));
    assert_eq!(found.business_id, Some("00000000-0000-0000-0000-000000000007".parse()?));
    let by_phone = DeadLetterFilter { entity: Some("+972 54 1234567".to_owned()), ..Default::default() };
    assert_eq!(list::page(pool, &by_phone, None, 10).await?.len(), 1, "found by a number, however spelled");
    let letter = read::letter(pool, found.id, false).await?.context("the letter")?;
    let event = letter.payload.as_ref().and_then(|p| p.json.as_ref()).context("payload")?;
    assert_eq!((&event["id"], &event["data"]), (&json!("e2"), &json!("***")), "of an unknown type");
    let shown = read::letter(pool, found.id, true).await?.context("the letter")?;
    assert_eq!(shown.payload.and_then(|p| p.json).context("payload")?, other);
    let raw: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM prosaas.dead_letters WHERE subject = 'call.status.CA9'")
            .fetch_all(pool)
            .await?;
    assert_eq!(raw, [garbage], "the bytes as they were");
    stop.cancel();
    calls.await?;
    filing.stop().await
}

#[tokio::test]
async fn what_the_server_gives_up_is_fetched_and_filed() -> Result<()> {
    let (nats, database) = (Nats::start().await?, Database::migrated().await?);
    let payload = event("e1", "CA1");
    nats.ops.publish("call.status.CA1", payload.clone().into()).await?.await?;
    // A worker that dies on it every time, without a word.
    let consumer = consumer(&nats, Stream::Calls.name(), consumers::CALLS).await?;
    let mut deaths = consumer.stream().messages().await?;
    for _ in 0..100 {
        let message = deaths.next().await.context("a delivery")??;
        message.ack_with(AckKind::Nak(None)).await.map_err(anyhow::Error::from_boxed)?;
    }
    let filing = Filing::start(&nats, &database.pool);
    eventually("it is filed", || async { Ok(!all(&database.pool).await?.is_empty()) }).await?;
    let items = all(&database.pool).await?;
    assert_eq!((items.len(), items[0].reason.as_str(), items[0].attempts), (1, "max_deliveries", 100));
    assert_eq!(items[0].trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT payload FROM prosaas.dead_letters").fetch_one(&database.pool).await?;
    assert_eq!(stored, payload);
    drop(deaths);
    filing.stop().await
}

#[tokio::test]
async fn any_order_and_any_repetition_of_reports_is_one_row() -> Result<()> {
    let database = Database::migrated().await?;
    let (pool, live) = (&database.pool, Live::silent());
    let bytes = event("e1", "CA1");
    // The worker died between its two steps: the server's word comes first, then the
    // worker's own, twice; and the same event lay in the stream under a second number.
    assert_eq!(file(pool, &live, &advisory(7, &bytes)).await?, Done::Applied);
    assert_eq!(all(pool).await?[0].reason, "terminated");
    assert_eq!(file(pool, &live, &verdict(7, &bytes)).await?, Done::Applied);
    assert_eq!(file(pool, &live, &verdict(7, &bytes)).await?, Done::AlreadyApplied);
    assert_eq!(file(pool, &live, &advisory(7, &bytes)).await?, Done::AlreadyApplied);
    assert_eq!(file(pool, &live, &verdict(9, &bytes)).await?, Done::Applied);
    let items = all(pool).await?;
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!((items[0].reason.as_str(), items[0].attempts, items[0].state), ("exhausted", 24, State::New));
    assert_eq!(items[0].error, "no business for ***567");
    // At once from two sides.
    let (report, other) = (verdict(20, &event("e5", "CA5")), advisory(20, &event("e5", "CA5")));
    let both = tokio::join!(file(pool, &live, &report), file(pool, &live, &other));
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(all(pool).await?.len(), 2);
    Ok(())
}

/// Everything that filing has written, without the times at which it was written.
async fn written(pool: &PgPool) -> Result<serde_json::Value> {
    Ok(sqlx::query_scalar(
        "SELECT jsonb_build_object(
            'letters', (SELECT jsonb_agg(to_jsonb(d) - ARRAY['filed_at', 'settled_at'] ORDER BY d.id)
                        FROM prosaas.dead_letters d),
            'reports', (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.key) FROM prosaas.dead_letter_reports r),
            'told', (SELECT jsonb_agg(o.event_id ORDER BY o.event_id) FROM prosaas.event_outbox o))",
    )
    .fetch_one(pool)
    .await?)
}

/// Any order, any repetition, any boundaries of batches: the same rows, the same reports, the same told.
#[tokio::test]
async fn boundaries_of_batches_change_nothing() -> Result<()> {
    let mut random = Random::new(prosaas_tests::environment::seed()?);
    let live = Live::silent();
    let mut reports = Vec::new();
    for number in 1..=3 {
        let bytes = event(&format!("e{number}"), &format!("CA{number}"));
        reports.push(verdict(number, &bytes));
        reports.push(advisory(number, &bytes));
        // The same event under another number, a replay of it that failed, and bytes that say nothing.
        reports.push(verdict(number + 10, &bytes));
        let mut replayed = verdict(number + 20, &bytes);
        let of = identity::dead_letter_id("calls", &format!("e{number}"));
        replayed.headers.push((identity::REPLAY_OF.to_owned(), of.to_string()));
        replayed.headers.push((identity::REPLAY_COUNT.to_owned(), "1".to_owned()));
        reports.push(replayed);
        reports.push(verdict(number + 30, b"nothing"));
    }
    // Of this one the effect is there.
    reports.push(verdict(40, &event("applied", "CA4")));
    let mut first = None;
    for round in 0..30 {
        let database = Database::migrated().await?;
        let pool = &database.pool;
        sqlx::query("INSERT INTO prosaas.processed_events (consumer, event_id) VALUES ('calls', 'applied')")
            .execute(pool)
            .await?;
        let mut rest = reports.clone();
        if round > 0 {
            rest.extend(reports.get(round % reports.len()).cloned());
            random.shuffle(&mut rest);
        }
        while !rest.is_empty() {
            let most = if round == 0 { 1 } else { usize::try_from(random.between(1, 9))? };
            let left = rest.split_off(most.min(rest.len()));
            file_all(pool, &live, &rest).await?;
            rest = left;
        }
        let mut found = written(pool).await?;
        // Place and headers are those of the report that came first.
        for letter in found["letters"].as_array_mut().context("letters")? {
            (letter["headers"], letter["stream_sequence"]) = (json!([]), json!(0));
        }
        let wanted = first.get_or_insert_with(|| found.clone());
        assert!(&found == wanted, "round {round}: {found:#} instead of {wanted:#}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_applied_after_all_is_no_dead_letter() -> Result<()> {
    let database = Database::migrated().await?;
    let (pool, live) = (&database.pool, Live::silent());
    file(pool, &live, &verdict(1, &event("e1", "CA1"))).await?;
    sqlx::query(
        "INSERT INTO prosaas.processed_events (consumer, event_id) VALUES ('calls', 'e1'), ('calls', 'e2')",
    )
    .execute(pool)
    .await?;
    assert_eq!(file(pool, &live, &verdict(2, &event("e2", "CA2"))).await?, Done::AlreadyApplied);
    assert_eq!(all(pool).await?.len(), 1, "what is applied is not filed");
    assert_eq!(prosaas_workers::jobs::settle_applied(pool).await?, 1);
    assert_eq!(prosaas_workers::jobs::settle_applied(pool).await?, 0);
    assert_eq!(all(pool).await?[0].state, State::Replayed);
    sqlx::query("UPDATE prosaas.dead_letters SET settled_at = now() - interval '121 days'")
        .execute(pool)
        .await?;
    assert_eq!(prosaas_workers::jobs::forget_settled(pool).await?, 1);
    assert_eq!(database.count("SELECT count(*) FROM prosaas.dead_letter_reports").await?, 0);
    Ok(())
}

#[tokio::test]
async fn one_cause_is_one_row_and_is_read_whole() -> Result<()> {
    const REFUSED: &str =
        "new row for relation \"recordings_of_a_business\" violates check constraint \"calls_duration_ck\"";
    let database = Database::migrated().await?;
    // It met two types of events, and once it was tried until the end.
    for (n, of) in ["call.status.v1", "call.status.v1", "call.incoming.v1"].into_iter().enumerate() {
        let mut payload: serde_json::Value = serde_json::from_slice(&event(&format!("e{n}"), "CA1"))?;
        payload["type"] = format!("pro.prosaas.{of}").into();
        let mut report = verdict(u64::try_from(n)?, payload.to_string().as_bytes());
        let said = if n == 0 { "it may succeed later" } else { "the database refuses it" };
        report.error_chain = vec![said.to_owned(), REFUSED.to_owned()];
        file(&database.pool, &Live::silent(), &report).await?;
    }
    let groups = list::groups(&database.pool, &DeadLetterFilter::default()).await?;
    let rows: Vec<_> = groups.iter().map(|group| (group.count, group.error.as_str())).collect();
    assert_eq!(rows, [(3, REFUSED)]);
    let nats = Nats::start().await?;
    let stats = crate::ops_cli::run(&["dead", "stats"], &database, &nats.url(Role::Ops)).await?;
    assert!(stats.out.ends_with(&format!("  {REFUSED}\n")), "{}", stats.out);
    let listed = crate::ops_cli::run(&["dead", "list"], &database, &nats.url(Role::Ops)).await?;
    assert_eq!(listed.out.matches("\"calls_duration_ck\"").count(), 3, "{}", listed.out);
    Ok(())
}

#[tokio::test]
async fn groups_count_failures_of_one_kind() -> Result<()> {
    let database = Database::migrated().await?;
    let (pool, live) = (&database.pool, Live::silent());
    for n in 0..5_u64 {
        let mut report = verdict(n, &event(&format!("e{n}"), &format!("CA{n}")));
        report.error_chain = vec![format!("no business for +97254123456{n}")];
        if n == 4 {
            report.error_chain = vec!["the disk is full".to_owned()];
        }
        file(pool, &live, &report).await?;
    }
    let groups = list::groups(pool, &DeadLetterFilter::default()).await?;
    let counts: Vec<_> = groups.iter().map(|group| (group.count, group.error.as_str())).collect();
    assert_eq!(counts.len(), 2);
    assert_eq!((counts[0].0, counts[1]), (4, (1, "the disk is full")));
    let of = DeadLetterFilter { fingerprint: Some(groups[0].fingerprint.clone()), ..Default::default() };
    assert_eq!(list::page(pool, &of, None, 10).await?.len(), 4);
    // Pages hold each once.
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = list::page(pool, &DeadLetterFilter::default(), after, 2).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.died_at, last.id));
        seen.extend(page.iter().map(|item| item.id));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    Ok(())
}

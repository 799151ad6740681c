//! Facts of WhatsApp's service, as the worker applies them.

use anyhow::{Context as _, Result};
use async_nats::jetstream;
use chrono::{DateTime, TimeDelta};
use prosaas_domain::{
    ids::{BusinessId, WhatsappSessionId},
    phone::E164,
};
use prosaas_events::{
    CloudEvent, EventData as _,
    whatsapp::{Connected, Dropped, Ended, Nothing, Paired, QrIssued, WhatsappFact as F, WhatsappFactV1},
};
use prosaas_platform::{bus, clock};
use prosaas_tests::random::Random;
use prosaas_whatsapp_service::WhatsappService;
use prosaas_workers::{
    crm::projector::Projector,
    live::Live,
    runtime::{Delivery, Done, Job, Meta, Worker as _},
    whatsapp::{WhatsappWorker, effects},
};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{calls::business, support::Database};

/// A worker whose live updates nobody hears, and whose service nobody answers for.
async fn worker(pool: &PgPool) -> Result<WhatsappWorker> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        bus::connect(&SecretString::from("nats://workers:x@127.0.0.1:1"), bus::Role::Workers).await?;
    let service = WhatsappService::new(
        "http://127.0.0.1:9".parse()?,
        SecretString::from("a secret of tests, long enough for all"),
        clock::system(),
    )?;
    let projector = Projector::new(pool.clone(), jetstream::new(client));
    Ok(WhatsappWorker::new(pool.clone(), projector, Live::silent(), service))
}

fn facts() -> Result<Vec<F>> {
    let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let phone = E164::parse("+972541234567")?;
    let ended = |code| Ended {
        code: Some(code),
        reason: format!("code {code}"),
        reason_code: Some("device_removed".to_owned()),
        until: Some(at),
    };
    Ok(vec![
        F::Requesting(Nothing {}),
        F::QrIssued(QrIssued { expires_at: at, index: 1 }),
        F::QrIssued(QrIssued { expires_at: at, index: 2 }),
        F::Paired(Paired { phone: phone.clone() }),
        F::Connected(Connected { phone: phone.clone(), push_name: None }),
        F::Dropped(Dropped {
            code: Some(428),
            reason: "code 428".to_owned(),
            reason_code: Some("connection_closed".to_owned()),
            attempt: 1,
            retry_at: at,
        }),
        F::Connected(Connected { phone, push_name: None }),
        F::LoggedOut(ended(401)),
    ])
}

/// Each session's facts in their order, of sessions one after the other.
fn events(business: BusinessId) -> Result<Vec<Vec<u8>>> {
    let mut events = Vec::new();
    for session in 1..=3 {
        for (number, fact) in facts()?.into_iter().enumerate() {
            let sequence = u64::try_from(number)? + 1;
            let told = WhatsappFactV1 {
                session_id: WhatsappSessionId(Uuid::from_u128(session)),
                sequence,
                generation: 1,
                occurred_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(sequence)?),
                fact,
            };
            let id = format!("fact-{session}-{sequence}");
            let entity = told.session_id.to_string();
            let mut event =
                CloudEvent::new(id.parse()?, "/baileys".to_owned(), entity, told.occurred_at, told);
            event.businessid = Some(business);
            events.push(event.encode()?);
        }
    }
    Ok(events)
}

/// Applies them together, or by itself where it is one.
async fn apply(worker: &WhatsappWorker, events: &[Vec<u8>]) -> Result<Vec<Done>> {
    let delivery = Delivery {
        stream: "WHATSAPP".to_owned(),
        sequence: 1,
        subject: WhatsappFactV1::TYPE.to_owned(),
        attempt: 1,
        last: false,
        waited: std::time::Duration::ZERO,
    };
    let read = events.iter().map(|bytes| worker.decode(bytes)).collect::<Result<Vec<_>, _>>()?;
    if let [(meta, event)] = read.as_slice() {
        return Ok(vec![worker.handle(&delivery, meta, event).await?]);
    }
    let job = |read| {
        let (meta, event): &(Meta, _) = read;
        Job { delivery: &delivery, meta, event }
    };
    let jobs: Vec<_> = read.iter().map(job).collect();
    Ok(worker.handle_all(&jobs).await?)
}

/// How sessions stand, and what has happened to them.
async fn written(pool: &PgPool) -> Result<Value> {
    Ok(sqlx::query_scalar(
        "SELECT jsonb_build_object(
            'sessions', (SELECT jsonb_agg(to_jsonb(s) - ARRAY['created_at', 'updated_at', 'version'] ORDER BY s.id)
                         FROM prosaas.whatsapp_sessions s),
            'history', (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.event_id) FROM prosaas.whatsapp_session_events e))",
    )
    .fetch_one(pool)
    .await?)
}

async fn audited(pool: &PgPool) -> Result<Value> {
    Ok(sqlx::query_scalar(
        "SELECT jsonb_agg(jsonb_build_array(event_id, action, before, after) ORDER BY event_id) FROM prosaas.audit_records",
    )
    .fetch_one(pool)
    .await?)
}

/// Any repetition and any boundaries of batches: the same rows, history and audit records. In any order as well: the
/// same rows and history; the audit tells the order in which they came.
#[tokio::test]
async fn boundaries_of_batches_change_nothing() -> Result<()> {
    let mut random = Random::new(prosaas_tests::environment::seed()?);
    let (mut first, mut first_audit) = (None, None);
    for round in 0..24 {
        let database = Database::migrated().await?;
        let pool = &database.pool;
        let shop = BusinessId(Uuid::from_u128(1));
        sqlx::query("INSERT INTO prosaas.businesses (id, name) VALUES ($1, 'a')")
            .bind(shop.0)
            .execute(pool)
            .await?;
        let worker = worker(pool).await?;
        let mut rest = events(shop)?;
        if round % 2 == 1 {
            random.shuffle(&mut rest);
        }
        let again = rest.get(round % rest.len()).cloned().context("an event")?;
        rest.push(again);
        let total = rest.len();
        let mut applied = 0;
        while !rest.is_empty() {
            let most = if round == 0 { 1 } else { usize::try_from(random.between(1, 12))? };
            let left = rest.split_off(most.min(rest.len()));
            let done = apply(&worker, &rest).await?;
            applied += done.into_iter().filter(|done| *done == Done::Applied).count();
            rest = left;
        }
        assert_eq!(applied, total - 1, "each once");
        let found = written(pool).await?;
        let wanted = first.get_or_insert_with(|| found.clone());
        assert!(&found == wanted, "round {round}: {found:#} instead of {wanted:#}");
        if round % 2 == 0 {
            let found = audited(pool).await?;
            let wanted = first_audit.get_or_insert_with(|| found.clone());
            assert!(&found == wanted, "round {round}: {found:#} instead of {wanted:#}");
        }
    }
    Ok(())
}

/// A fact that names another business than the session's is refused, and takes nobody with it.
#[tokio::test]
async fn a_fact_of_another_business_changes_nothing() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    let (shop, other) = (business(pool, "+97231234567").await?, business(pool, "+97231234568").await?);
    let worker = worker(pool).await?;
    let (own, foreign) = (events(shop)?, events(other)?);
    let [one, two, ..] = own.as_slice() else { anyhow::bail!("events") };
    apply(&worker, std::slice::from_ref(one)).await?;
    let before = written(pool).await?;
    let mixed = [two.clone(), foreign.get(2).cloned().context("an event")?];
    assert!(apply(&worker, &mixed).await.is_err(), "all or none");
    assert_eq!(written(pool).await?, before);
    assert_eq!(
        apply(&worker, std::slice::from_ref(two)).await?,
        [Done::Applied],
        "its own goes on by itself"
    );
    Ok(())
}

/// An unlinking that was taken back may still wait in the service: that is told to it however long it is away, and when
/// the telling failed last is written down, so that newer facts count for more.
#[tokio::test]
async fn what_keeps_a_link_is_never_given_up() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    let shop = business(pool, "+97231234567").await?;
    for (id, linked) in [(1, true), (2, false)] {
        sqlx::query(
            "INSERT INTO prosaas.whatsapp_sessions
                (id, business_id, since, state, linked, desired, effect, effect_due_at, requested_at)
             VALUES ($1, $2, now(), 'requesting', $3, 'linked', 'start', now(), now() - interval '8 days')",
        )
        .bind(Uuid::from_u128(id))
        .bind(shop.0)
        .bind(linked)
        .execute(pool)
        .await?;
    }
    let stop = CancellationToken::new();
    let calls = tokio::spawn(effects::run(worker(pool).await?, stop.clone()));
    let failed =
        "SELECT count(*) FROM prosaas.whatsapp_sessions WHERE effect_failed_at > now() - interval '1 minute'";
    for _ in 0..600 {
        if sqlx::query_scalar::<_, i64>(failed).fetch_one(pool).await? == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stop.cancel();
    calls.await?;
    let left: Vec<(bool, Option<String>, String)> =
        sqlx::query_as("SELECT linked, effect, state FROM prosaas.whatsapp_sessions ORDER BY id")
            .fetch_all(pool)
            .await?;
    let start = Some("start".to_owned());
    assert_eq!(left, [(true, start, "requesting".to_owned()), (false, None, "stopped".to_owned())]);
    Ok(())
}

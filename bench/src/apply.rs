//! How fast the workers apply what the ingress has acknowledged: calls with three statuses each, from a stream that is
//! full when they start until every one has its row, lead, history, audit records, marks, and its domain events in
//! `EVENTS`. Beside the floor: the same rows into the same tables by statements of 500, and nothing else. And one call
//! alone: from the stream to its row.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use prosaas_domain::ids::CallSid;
use prosaas_events::{
    CloudEvent, EventData, EventId, StatusOrder,
    call::{Answer, CallIncomingV1, CallStatus, CallStatusV1},
    subjects::{Stream, Subject, consumers},
};
use prosaas_platform::{
    bus::publisher::{BATCH_MAX, Message, Verdict, publish_batch},
    clock, store,
};
use secrecy::SecretString;
use serde::Serialize;
use sqlx::PgPool;

use crate::{
    config_change::{setup, start_workers},
    contestant::Surroundings,
};

/// Calls of a full run.
pub const CALLS: u32 = 50_000;

/// Events of each call.
const EVENTS: u32 = 4;

/// Calls one after the other, each alone.
const ALONE: u32 = 200;

/// Calls a second while domain events are timed: 500 events a second.
const STEADY: u32 = 125;

/// So many calls come between two events of one.
const APART: usize = 50;

/// How long that goes on, seconds.
const STEADY_S: u32 = 20;

/// Each caller phones so often.
const CALLS_OF_CALLER: u32 = 10;

/// A series of calls: how their ids begin, and a digit of their callers' numbers.
type Series = (&'static str, u32);

/// In the stream before the workers start, and published while they run.
const FILLED: Series = ("CAapply", 4);
const MEANWHILE: Series = ("CAmeanwhile", 5);

/// How long the workers may take.
const PATIENCE: Duration = Duration::from_mins(30);

const POLL: Duration = Duration::from_millis(20);

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// How many calls there were.
    pub calls: u32,
    /// Events that the workers applied in a second from a stream that was full when they started.
    pub per_second: f64,
    /// The same while the stream was being filled, from the first acknowledgement.
    pub meanwhile_per_second: f64,
    /// Events whose rows the floor wrote in a second.
    pub floor_per_second: f64,
    /// From the acknowledgement of the stream to the row, sorted, milliseconds.
    pub alone_ms: Vec<f64>,
    /// From the beginning of the transaction that ends a call until its domain events are in `EVENTS`, at
    /// 500 events a second, sorted, milliseconds.
    pub told_ms: Vec<f64>,
    /// Most memory that the workers held, MB.
    pub peak_rss_mb: f64,
}

/// Writes the floor, fills the stream, and lets the workers empty it.
pub async fn measure(around: &Surroundings<'_>, calls: u32) -> anyhow::Result<Outcome> {
    let folder = around.folder.join("apply");
    std::fs::create_dir_all(&folder)?;
    setup(around, &folder).await?;
    let pool = store::connect(&SecretString::from(around.database.url.clone()), 2).await?;
    let floor_per_second = floor(&pool, calls).await?;
    around.nats.purge_calls().await?;
    let told = events(around).await?;
    fill(around, FILLED, calls).await?;
    let began = Instant::now();
    let workers = start_workers(around, &folder)?;
    applied(around, &pool).await?;
    let per_second = f64::from(calls * EVENTS) / began.elapsed().as_secs_f64();
    check(around, &pool, FILLED, calls, told).await?;
    let told = events(around).await?;
    let began = Instant::now();
    fill(around, MEANWHILE, calls).await?;
    applied(around, &pool).await?;
    let meanwhile_per_second = f64::from(calls * EVENTS) / began.elapsed().as_secs_f64();
    check(around, &pool, MEANWHILE, calls, told).await?;
    let alone_ms = alone(around, &pool).await?;
    let told_ms = steady(around, &pool).await?;
    let peak_rss_mb = f64::from(u32::try_from(workers.peak_rss_kb()?)?) / 1024.0;
    workers.stop().await?;
    pool.close().await;
    Ok(Outcome { calls, per_second, meanwhile_per_second, floor_per_second, alone_ms, told_ms, peak_rss_mb })
}

/// The rows that the workers will write, of other calls and callers.
async fn floor(pool: &PgPool, calls: u32) -> anyhow::Result<f64> {
    const STATEMENT: u32 = 500;
    let business: uuid::Uuid =
        sqlx::query_scalar("SELECT id FROM prosaas.businesses ORDER BY created_at LIMIT 1")
            .fetch_one(pool)
            .await?;
    let began = Instant::now();
    let mut first = 0;
    while first < calls {
        let last = (first + STATEMENT / EVENTS).min(calls);
        let sids: Vec<String> = (first..last).map(|number| format!("CAfloor{number}")).collect();
        let numbers: Vec<String> = (first..last).map(|number| caller(number, 3)).collect();
        let new: Vec<String> = (first..last)
            .filter(|number| number % CALLS_OF_CALLER == 0)
            .map(|number| caller(number, 3))
            .collect();
        let mut transaction = pool.begin().await?;
        for statement in FLOOR {
            sqlx::query(statement)
                .bind(&sids)
                .bind(&numbers)
                .bind(&new)
                .bind(business)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        first = last;
    }
    let took = began.elapsed();
    // What the floor tells is nothing that happened.
    sqlx::raw_sql("TRUNCATE prosaas.event_outbox").execute(pool).await?;
    Ok(f64::from(calls * EVENTS) / took.as_secs_f64())
}

/// Calls, numbers, new callers, business. Every statement names all four, so that they are bound alike; a lead's id
/// derives from its number, so that nothing has to be looked for.
const FLOOR: [&str; 7] = [
    "WITH used AS (SELECT $1::text[], $2::text[]) INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
     SELECT md5(e164)::uuid, $4, NULL, 'call', now(), now() FROM unnest($3::text[]) AS e164",
    "WITH used AS (SELECT $1::text[], $2::text[]) INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw,
        search_digits, reader, created_at)
     SELECT gen_random_uuid(), $4, md5(e164)::uuid, e164, e164, e164, 1, now() FROM unnest($3::text[]) AS e164",
    "WITH used AS (SELECT $3::text[]) INSERT INTO prosaas.calls (call_sid, business_id, lead_id, from_raw, to_raw,
        from_e164, to_e164, direction, answer, details_source, details_at, details_event_id, status, status_sequence,
        started_at, ended_at, duration_s, missed, callback_needed)
     SELECT sid, $4, md5(e164)::uuid, e164, '+972000000002', e164, '+972000000002', 'inbound', 'record', 'incoming',
            now(), 'call.incoming:' || sid, 'completed', 3, now(), now(), 9, true, true
     FROM unnest($1::text[], $2::text[]) AS c (sid, e164)",
    "WITH used AS (SELECT $2::text[], $3::text[]) INSERT INTO prosaas.call_events (event_id, call_sid, business_id, kind,
        status, sequence_number, occurred_at, received_at, data)
     SELECT 'call.status:' || sid || ':' || n, sid, $4, 'status', 'ringing', n, now(), now(),
            jsonb_build_object('call_sid', sid, 'status', 'ringing', 'from', '+972541234567', 'to', '+972000000002')
     FROM unnest($1::text[]) AS sid, generate_series(0, 3) AS n",
    "WITH used AS (SELECT $2::text[], $3::text[]) INSERT INTO prosaas.audit_records (id, business_id, actor_name,
        event_id, action, entity_type, entity_id, before, after)
     SELECT gen_random_uuid(), $4, 'twilio', 'call.status:' || sid || ':' || n, 'call.status', 'call', sid,
            jsonb_build_object('status', 'ringing', 'missed', false), jsonb_build_object('status', 'completed', 'missed', true)
     FROM unnest($1::text[]) AS sid, generate_series(0, 3) AS n",
    "WITH used AS (SELECT $2::text[], $3::text[], $4::uuid) INSERT INTO prosaas.processed_events (consumer, event_id)
     SELECT 'calls', 'call.status:' || sid || ':' || n FROM unnest($1::text[]) AS sid, generate_series(0, 3) AS n",
    "WITH used AS (SELECT $2::text[], $3::text[]), told AS (
        INSERT INTO prosaas.event_outbox (event_id, subject, payload)
        SELECT 'call.missed:' || sid || n, 'event.call.missed.' || sid, jsonb_build_object('call_sid', sid, 'id', $4)::text
        FROM unnest($1::text[]) AS sid, generate_series(1, 2) AS n RETURNING position
     ) SELECT count(*) FROM told",
];

fn caller(number: u32, series: u32) -> String {
    format!("+9725{series}{:07}", number / CALLS_OF_CALLER)
}

/// The events of the calls, in the order in which Twilio sends them: all that begin, then all that go on.
async fn fill(around: &Surroundings<'_>, (ids, digit): Series, calls: u32) -> anyhow::Result<()> {
    let client = around.nats.client();
    let mut batch = Vec::new();
    for number in 0..calls {
        batch.extend(whole_call(around, &format!("{ids}{number}"), &caller(number, digit))?);
        if batch.len() + 4 > BATCH_MAX || number + 1 == calls {
            let verdict = publish_batch(client, Stream::Calls, &batch, Duration::from_secs(30)).await;
            ensure!(verdict == Verdict::Stored, "the stream is not filled: {verdict:?}");
            batch.clear();
        }
    }
    Ok(())
}

fn whole_call(around: &Surroundings<'_>, call: &str, from: &str) -> anyhow::Result<Vec<Message>> {
    let call: CallSid = call.parse()?;
    let to = &around.sender.called;
    let at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    let incoming = CallIncomingV1 {
        call_sid: call.clone(),
        account_sid: None,
        from: from.to_owned(),
        to: to.clone(),
        direction: Some("inbound".to_owned()),
        status: Some(CallStatus::Ringing),
        caller_name: None,
        forwarded_from: None,
        parent_call_sid: None,
        stir_verstat: None,
        error_code: None,
        answer: Answer::Record,
    };
    let mut messages =
        vec![message(EventId::call_incoming(&call), Subject::call_incoming(&call), &call, at, incoming)?];
    for (number, status) in
        [CallStatus::Ringing, CallStatus::InProgress, CallStatus::Completed].into_iter().enumerate()
    {
        let sequence = u32::try_from(number)?;
        let data = CallStatusV1 {
            call_sid: call.clone(),
            account_sid: None,
            status,
            sequence_number: Some(sequence),
            from: Some(from.to_owned()),
            to: Some(to.clone()),
            direction: Some("inbound".to_owned()),
            duration_s: status.is_terminal().then_some(9),
            sip_response_code: None,
            occurred_at: Some(at + TimeDelta::seconds(i64::from(sequence))),
            parent_call_sid: None,
        };
        let id = EventId::call_status(&call, status, StatusOrder::Sequence(sequence));
        messages.push(message(id, Subject::call_status(&call), &call, at, data)?);
    }
    Ok(messages)
}

fn message<T: EventData>(
    id: EventId,
    subject: Subject,
    call: &CallSid,
    at: DateTime<Utc>,
    data: T,
) -> anyhow::Result<Message> {
    let event = CloudEvent::new(id.clone(), "/twilio/AC1".to_owned(), call.to_string(), at, data);
    Ok(Message {
        id: id.into_string(),
        subject: subject.into_string(),
        payload: event.encode()?.into(),
        traceparent: None,
    })
}

/// Waits until the consumer has nothing left and everything is told.
async fn applied(around: &Surroundings<'_>, pool: &PgPool) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let stream = around.nats.js.get_stream_no_info(Stream::Calls.name()).await?;
        let info = stream.consumer_info(consumers::CALLS).await?;
        let left = info.num_pending + u64::try_from(info.num_ack_pending)?;
        if left == 0 {
            let untold: i64 =
                sqlx::query_scalar("SELECT count(*) FROM prosaas.event_outbox").fetch_one(pool).await?;
            if untold == 0 {
                return Ok(());
            }
        }
        ensure!(began.elapsed() < PATIENCE, "{left} events are left");
        tokio::time::sleep(POLL).await;
    }
}

async fn check(
    around: &Surroundings<'_>,
    pool: &PgPool,
    (ids, _): Series,
    calls: u32,
    told_before: u64,
) -> anyhow::Result<()> {
    let (rows, applied) = (i64::from(calls), i64::from(calls * EVENTS));
    for (wanted, effects) in [
        (
            rows,
            "SELECT count(*) FROM prosaas.calls WHERE call_sid LIKE $1 || '%' AND lead_id IS NOT NULL AND missed",
        ),
        (applied, "SELECT count(*) FROM prosaas.call_events WHERE call_sid LIKE $1 || '%'"),
        (
            applied,
            "SELECT count(*) FROM prosaas.audit_records WHERE entity_type = 'call' AND entity_id LIKE $1 || '%'",
        ),
        (applied, "SELECT count(*) FROM prosaas.processed_events WHERE event_id LIKE 'call.%:' || $1 || '%'"),
    ] {
        let found: i64 = sqlx::query_scalar(effects).bind(ids).fetch_one(pool).await?;
        ensure!(found == wanted, "{found} instead of {wanted}: {effects}");
    }
    // Each call has ended and was missed; each caller became a lead. An end is told again where transactions beside
    // each other took a call's events out of order.
    let least = u64::from(calls * 2 + calls.div_ceil(CALLS_OF_CALLER));
    let told = events(around).await? - told_before;
    ensure!(
        (least..=least + u64::from(calls)).contains(&told),
        "{told} domain events instead of {least} or more"
    );
    Ok(())
}

/// Messages in the stream of domain events.
async fn events(around: &Surroundings<'_>) -> anyhow::Result<u64> {
    let stream = around.nats.js.get_stream_no_info(Stream::Events.name()).await?;
    Ok(stream.get_info().await?.state.messages)
}

async fn alone(around: &Surroundings<'_>, pool: &PgPool) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    for number in 0..ALONE {
        let sid = format!("CAalone{}{number}", clock::system().now().timestamp_millis());
        let first = whole_call(around, &sid, &caller(number, 2))?.into_iter().next();
        let Some(message) = first else { continue };
        around.nats.js.publish(message.subject, message.payload).await?.await?;
        let began = Instant::now();
        let there = "SELECT EXISTS (SELECT FROM prosaas.calls WHERE call_sid = $1)";
        while !sqlx::query_scalar::<_, bool>(there).bind(&sid).fetch_one(pool).await? {
            ensure!(began.elapsed() < PATIENCE, "{sid} has no row");
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    Ok(took)
}

/// Publishes calls at a steady rate; gives how long each domain event of them took to `EVENTS`. The audit record has
/// the time at which its transaction began, so that the commit itself is counted in.
async fn steady(around: &Surroundings<'_>, pool: &PgPool) -> anyhow::Result<Vec<f64>> {
    let js = &around.nats.js;
    let first = js.get_stream_no_info(Stream::Events.name()).await?.get_info().await?.state.last_sequence + 1;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / STEADY);
    let last = STEADY * STEADY_S;
    let apart = usize::try_from(EVENTS - 1)? * APART;
    let mut calls: VecDeque<std::vec::IntoIter<Message>> = VecDeque::new();
    for number in 0..last + u32::try_from(apart)? {
        tick.tick().await;
        let new = number < last;
        let sid = format!("CAsteady{number}");
        let call = if new { whole_call(around, &sid, &caller(number, 1))? } else { Vec::new() };
        calls.push_front(call.into_iter());
        calls.truncate(apart + 1);
        // The one that comes in now, one that rings, one that is answered, one that ends.
        for message in calls.iter_mut().step_by(APART).filter_map(Iterator::next) {
            js.publish(message.subject, message.payload).await?.await?;
        }
    }
    applied(around, pool).await?;
    let ended: HashMap<String, DateTime<Utc>> = sqlx::query_as(
        "SELECT entity_id, at FROM prosaas.audit_records
         WHERE entity_type = 'call' AND entity_id LIKE 'CAsteady%' AND after ->> 'status' = 'completed'",
    )
    .fetch_all(pool)
    .await?
    .into_iter()
    .collect();
    let mut took = Vec::new();
    let stream = js.get_stream_no_info(Stream::Events.name()).await?;
    let last = stream.get_info().await?.state.last_sequence;
    for sequence in first..=last {
        let message = stream.get_raw_message(sequence).await?;
        let call = message.subject.rsplit('.').next().unwrap_or_default();
        if let Some(began) = ended.get(call) {
            let nanos = message.time.unix_timestamp_nanos() - i128::from(began.timestamp_micros()) * 1000;
            took.push(f64::from(i32::try_from(nanos / 1000)?) / 1000.0);
        }
    }
    ensure!(took.len() >= ended.len(), "{} domain events of {} calls", took.len(), ended.len());
    took.sort_by(f64::total_cmp);
    Ok(took)
}

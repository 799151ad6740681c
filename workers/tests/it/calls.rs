//! Calls in the database: the transaction, its twins, and its neighbours.

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};
use prosaas_domain::{ids::BusinessId, phone::E164};
use prosaas_events::call::{
    Answer, CallDialedV1, CallIncomingV1, CallLegAcceptedV1, CallStatus, CallStatusV1,
};
use prosaas_platform::store;
use prosaas_tests::random::Random;
use prosaas_workers::{
    calls::{CallEvent, apply_all},
    runtime::{Done, Failure, Meta},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::Database;

mod direction;
mod last_status;

/// What the first test reads of a call.
type CallRow = (Uuid, Uuid, String, i64, i64, bool, bool, DateTime<Utc>, Option<DateTime<Utc>>, String);

pub const NUMBER: &str = "+97231111111";
pub const CALLER: &str = "+972541111111";

pub async fn business(pool: &PgPool, number: &str) -> Result<BusinessId> {
    let id = Uuid::now_v7();
    sqlx::query("INSERT INTO prosaas.businesses (id, name) VALUES ($1, 'Dana')")
        .bind(id)
        .execute(pool)
        .await?;
    sqlx::query("INSERT INTO prosaas.business_numbers (id, business_id, e164) VALUES ($1, $2, $3)")
        .bind(Uuid::now_v7())
        .bind(id)
        .bind(number)
        .execute(pool)
        .await?;
    Ok(BusinessId(id))
}

fn meta(id: &str, second: i64) -> Meta {
    Meta {
        id: id.to_owned(),
        event_type: String::new(),
        source: "/twilio/AC1".to_owned(),
        time: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(second),
        business: None,
        actor: None,
        traceparent: None,
        again: None,
    }
}

pub fn incoming(call: &str, from: &str, to: &str) -> Result<CallEvent> {
    Ok(CallEvent::Incoming(CallIncomingV1 {
        call_sid: call.parse()?,
        account_sid: None,
        from: from.to_owned(),
        to: to.to_owned(),
        direction: Some("inbound".to_owned()),
        status: Some(CallStatus::Ringing),
        caller_name: Some("דנה\0".to_owned()),
        forwarded_from: None,
        parent_call_sid: None,
        stir_verstat: None,
        error_code: None,
        answer: Answer::Record,
    }))
}

pub fn status(call: &str, status: CallStatus, sequence: u32) -> Result<CallEvent> {
    Ok(CallEvent::Status(CallStatusV1 {
        call_sid: call.parse()?,
        account_sid: None,
        status,
        sequence_number: Some(sequence),
        from: Some(CALLER.to_owned()),
        to: Some(NUMBER.to_owned()),
        direction: Some("inbound".to_owned()),
        duration_s: status.is_terminal().then_some(42),
        sip_response_code: None,
        occurred_at: None,
        parent_call_sid: None,
    }))
}

pub fn dialed(call: &str) -> Result<CallEvent> {
    Ok(CallEvent::Dialed(CallDialedV1 {
        call_sid: call.parse()?,
        account_sid: None,
        outcome: CallStatus::NoAnswer,
        dialed_call_sid: None,
        duration_s: None,
        bridged: None,
        screened: true,
        user_id: None,
    }))
}

/// Somebody answered who was not asked first.
pub fn answered(call: &str) -> Result<CallEvent> {
    picked_up(call, false)
}

/// Somebody answered who was asked.
fn taken(call: &str) -> Result<CallEvent> {
    picked_up(call, true)
}

fn picked_up(call: &str, screened: bool) -> Result<CallEvent> {
    Ok(CallEvent::Dialed(CallDialedV1 {
        call_sid: call.parse()?,
        account_sid: None,
        outcome: CallStatus::Completed,
        dialed_call_sid: Some("CA99".parse()?),
        duration_s: Some(7),
        bridged: Some(true),
        screened,
        user_id: None,
    }))
}

pub fn leg_accepted(call: &str) -> Result<CallEvent> {
    Ok(CallEvent::LegAccepted(CallLegAcceptedV1 {
        call_sid: call.parse()?,
        account_sid: None,
        leg_sid: "CA99".parse()?,
        number: Some(E164::parse("+972527654321")?),
        user_id: None,
    }))
}

/// Applies one event by itself.
async fn apply_one(pool: &PgPool, meta: &Meta, event: &CallEvent) -> Result<Done, Failure> {
    Ok(Done::only(&apply_all(pool, "calls", &[(meta, event)]).await?.done))
}

pub async fn applied(pool: &PgPool, id: &str, second: i64, event: &CallEvent) -> Result<Done> {
    apply_one(pool, &meta(id, second), event).await.map_err(|e| match e {
        Failure::Down(c)
        | Failure::Conflict(c)
        | Failure::Missing(c)
        | Failure::Taken(c)
        | Failure::Refused(c)
        | Failure::Fail(c)
        | Failure::Retry { cause: c, .. } => {
            anyhow::anyhow!(c)
        }
    })
}

#[tokio::test]
async fn an_event_that_runs_again_is_on_record_once_more_only_where_it_changed_something() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    let event = incoming("CA1", CALLER, NUMBER)?;
    applied(pool, "e0", 0, &event).await?;
    let records = "SELECT count(*) FROM prosaas.audit_records WHERE entity_type = 'call'";
    assert_eq!(database.count(records).await?, 1);
    let again = |number| Meta { again: Some(number), ..meta("e0", 0) };
    assert!(matches!(apply_one(pool, &again(1), &event).await, Ok(Done::Applied)));
    assert_eq!(database.count(records).await?, 1, "nothing has changed");
    sqlx::raw_sql("DELETE FROM prosaas.call_events; DELETE FROM prosaas.calls").execute(pool).await?;
    assert!(matches!(apply_one(pool, &again(2), &event).await, Ok(Done::Applied)));
    assert_eq!(database.count(records).await?, 2, "the row is there again");
    Ok(())
}

#[tokio::test]
async fn a_whole_call_in_any_order_is_one_row_one_lead_and_its_trail() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    let business = business(pool, NUMBER).await?;
    let events = [
        ("e3", 5, status("CA1", CallStatus::Completed, 3)?),
        ("e1", 1, status("CA1", CallStatus::Ringing, 1)?),
        ("e3", 5, status("CA1", CallStatus::Completed, 3)?),
        ("e0", 0, incoming("CA1", CALLER, NUMBER)?),
        ("e4", 4, dialed("CA1")?),
        ("e2", 2, status("CA1", CallStatus::InProgress, 2)?),
        ("e0", 0, incoming("CA1", CALLER, NUMBER)?),
    ];
    let mut outcomes = Vec::new();
    for (id, second, event) in &events {
        outcomes.push(applied(pool, id, *second, event).await?);
    }
    let again = outcomes.iter().filter(|o| **o == Done::AlreadyApplied).count();
    assert_eq!(again, 2, "{outcomes:?}");
    let row: CallRow = sqlx::query_as(
        "SELECT business_id, lead_id, status, status_sequence, duration_s, missed, callback_needed,
                started_at, ended_at, answer FROM prosaas.calls",
    )
    .fetch_one(pool)
    .await?;
    let at = |s| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(s);
    assert_eq!((row.0, row.2.as_str(), row.3, row.4), (business.0, "completed", 3, 42));
    assert_eq!((row.5, row.6, row.7, row.8, row.9.as_str()), (true, true, at(0), Some(at(5)), "record"));
    let lead: (Uuid, Option<String>, String, i64) =
        sqlx::query_as("SELECT id, name, source, version FROM prosaas.leads").fetch_one(pool).await?;
    assert_eq!(
        lead,
        (row.1, Some("דנה".to_owned()), "call".to_owned(), 2),
        "named by the later event, without its control character"
    );
    assert_eq!(database.count("SELECT count(*) FROM prosaas.call_events").await?, 5);
    assert_eq!(database.count("SELECT count(*) FROM prosaas.processed_events").await?, 5);
    assert_eq!(
        database.count("SELECT count(*) FROM prosaas.audit_records WHERE entity_type = 'call'").await?,
        5
    );
    assert_eq!(
        database.count("SELECT count(*) FROM prosaas.audit_records WHERE entity_type = 'lead'").await?,
        2
    );
    assert_eq!(
        database.count("SELECT count(*) FROM prosaas.audit_records WHERE actor_name = 'twilio'").await?,
        7
    );
    Ok(())
}

/// Every order of the indices below `n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let insert = |order: &Vec<usize>, place: usize| {
        let mut longer = order.clone();
        longer.insert(place, n - 1);
        longer
    };
    orders(n - 1).iter().flat_map(|order| (0..n).map(move |place| insert(order, place))).collect()
}

/// A call for each order of its four events, which happened one second after the other.
async fn in_every_order(pool: &PgPool, events_of: impl Fn(&str) -> Result<[CallEvent; 4]>) -> Result<()> {
    for (number, order) in orders(4).into_iter().enumerate() {
        let events = events_of(&format!("CA{number}"))?;
        for index in order {
            let (event, second) = (events.get(index).context("an event")?, i64::try_from(index)?);
            applied(pool, &format!("{number}-{index}"), second, event).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_order_of_a_calls_events_leaves_the_same_row() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    in_every_order(pool, |call| {
        Ok([
            incoming(call, CALLER, NUMBER)?,
            status(call, CallStatus::InProgress, 1)?,
            dialed(call)?,
            status(call, CallStatus::Completed, 2)?,
        ])
    })
    .await?;
    let different =
        "SELECT count(DISTINCT to_jsonb(c) - ARRAY['call_sid', 'details_event_id', 'version', 'created_at',
                                                               'updated_at']) FROM prosaas.calls c";
    assert_eq!(database.count("SELECT count(*) FROM prosaas.calls").await?, 24);
    assert_eq!(database.count(different).await?, 1);
    Ok(())
}

#[tokio::test]
async fn every_order_of_a_taken_calls_events_says_who_took_it() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    in_every_order(pool, |call| {
        Ok([
            incoming(call, CALLER, NUMBER)?,
            leg_accepted(call)?,
            taken(call)?,
            status(call, CallStatus::Completed, 2)?,
        ])
    })
    .await?;
    let rows: Vec<(bool, bool, Option<String>, i64)> = sqlx::query_as(
        "SELECT answered, missed, answered_by, count(*) FROM prosaas.calls GROUP BY answered, missed, answered_by",
    )
    .fetch_all(pool)
    .await?;
    assert_eq!(rows, [(true, false, Some("+972527654321".to_owned()), 24)]);
    // Rows as the release before wrote them, legs, and calls that we made.
    sqlx::raw_sql(
        "INSERT INTO prosaas.calls (call_sid, started_at, direction, status, dial_outcome, dial_bridged, dial_screened,
                                    parent_call_sid)
         VALUES ('CAold', now(), 'inbound', 'completed', 'completed', NULL, false, NULL),
                ('CAvoicemail', now(), 'inbound', 'completed', 'completed', false, true, NULL),
                ('CAwithout', now(), 'inbound', 'completed', 'completed', true, true, NULL),
                ('CAmade', now(), 'outbound-api', 'completed', NULL, NULL, false, NULL),
                ('CAleg', now(), 'outbound-dial', 'completed', NULL, NULL, false, 'CA1'),
                ('CAnew', now(), NULL, NULL, NULL, NULL, false, NULL)",
    )
    .execute(pool)
    .await?;
    let answered: Vec<String> = sqlx::query_scalar(
        "SELECT call_sid FROM prosaas.calls WHERE answered AND answered_by IS NULL ORDER BY 1",
    )
    .fetch_all(pool)
    .await?;
    assert_eq!(answered, ["CAmade", "CAold"]);
    let history = "SELECT count(*) FROM prosaas.call_events WHERE kind = 'leg_accepted'";
    assert_eq!(database.count(history).await?, 24);
    Ok(())
}

#[tokio::test]
async fn twins_in_flight_are_applied_once() -> Result<()> {
    let database = Database::migrated().await?;
    business(&database.pool, NUMBER).await?;
    let event = incoming("CA1", CALLER, NUMBER)?;
    let mut twins = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (pool, event) = (database.pool.clone(), event.clone());
        twins.spawn(async move { applied(&pool, "same", 0, &event).await });
    }
    let mut new = 0;
    while let Some(outcome) = twins.join_next().await {
        new += usize::from(outcome?? == Done::Applied);
    }
    assert_eq!(new, 1);
    assert_eq!(database.count("SELECT count(*) FROM prosaas.calls").await?, 1);
    assert_eq!(database.count("SELECT count(*) FROM prosaas.audit_records").await?, 2, "the call, the lead");
    Ok(())
}

#[tokio::test]
async fn first_calls_of_one_caller_at_once_make_one_lead() -> Result<()> {
    let database = Database::migrated().await?;
    business(&database.pool, NUMBER).await?;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..16 {
        let (pool, event) = (database.pool.clone(), incoming(&format!("CA{n}"), CALLER, NUMBER)?);
        calls.spawn(async move { applied(&pool, &format!("e{n}"), 0, &event).await });
    }
    while let Some(outcome) = calls.join_next().await {
        assert_eq!(outcome??, Done::Applied);
    }
    assert_eq!(database.count("SELECT count(*) FROM prosaas.leads").await?, 1);
    assert_eq!(database.count("SELECT count(DISTINCT lead_id) FROM prosaas.calls").await?, 1);
    assert_eq!(database.count("SELECT count(*) FROM prosaas.calls WHERE lead_id IS NOT NULL").await?, 16);
    Ok(())
}

#[tokio::test]
async fn events_of_one_call_at_once_are_folded_one_after_the_other() -> Result<()> {
    let database = Database::migrated().await?;
    business(&database.pool, NUMBER).await?;
    let mut events = tokio::task::JoinSet::new();
    for (n, word) in CallStatus::ALL.into_iter().take(5).enumerate() {
        let (pool, event) = (database.pool.clone(), status("CA1", word, u32::try_from(n)?)?);
        events.spawn(async move { applied(&pool, &format!("e{n}"), 0, &event).await });
    }
    while let Some(outcome) = events.join_next().await {
        outcome??;
    }
    let (word, events): (String, i64) =
        sqlx::query_as("SELECT status, (SELECT count(*) FROM prosaas.call_events) FROM prosaas.calls")
            .fetch_one(&database.pool)
            .await?;
    assert_eq!((word.as_str(), events), ("completed", 5));
    Ok(())
}

#[tokio::test]
async fn the_own_numbers_and_hidden_callers_are_no_leads_and_a_number_of_nobody_is_logged() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    let owner = business(pool, NUMBER).await?;
    sqlx::query(
        r#"UPDATE prosaas.businesses SET call_settings = '{"forward_to": ["+972540000009"]}' WHERE id = $1"#,
    )
    .bind(owner.0)
    .execute(pool)
    .await?;
    for (n, from) in [NUMBER, "+972540000009", "anonymous", "+266696687", " 972000"].into_iter().enumerate() {
        applied(pool, &format!("e{n}"), 0, &incoming(&format!("CA{n}"), from, NUMBER)?).await?;
    }
    applied(pool, "nobody", 0, &incoming("CA9", CALLER, "+97239999999")?).await?;
    assert_eq!(database.count("SELECT count(*) FROM prosaas.leads").await?, 0);
    assert_eq!(database.count("SELECT count(*) FROM prosaas.calls WHERE business_id IS NOT NULL").await?, 5);
    assert_eq!(
        database
            .count("SELECT count(*) FROM prosaas.calls WHERE business_id IS NULL AND call_sid = 'CA9'")
            .await?,
        1
    );
    assert_eq!(database.count("SELECT count(*) FROM prosaas.calls WHERE from_raw = ' 972000'").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_deleted_lead_is_not_matched_and_a_shared_number_belongs_to_each_business() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    business(pool, "+97232222222").await?;
    applied(pool, "e1", 0, &incoming("CA1", CALLER, NUMBER)?).await?;
    applied(pool, "e2", 0, &incoming("CA2", CALLER, "+97232222222")?).await?;
    assert_eq!(database.count("SELECT count(DISTINCT business_id) FROM prosaas.leads").await?, 2);
    sqlx::query("UPDATE prosaas.lead_phones SET matches_callers = false").execute(pool).await?;
    sqlx::query("UPDATE prosaas.leads SET deleted_at = now()").execute(pool).await?;
    applied(pool, "e3", 0, &incoming("CA3", CALLER, NUMBER)?).await?;
    assert_eq!(database.count("SELECT count(*) FROM prosaas.leads WHERE deleted_at IS NULL").await?, 1);
    Ok(())
}

#[tokio::test]
async fn foreign_tables_of_the_same_names_stay_untouched_and_migrating_again_changes_nothing() -> Result<()> {
    let database = Database::empty().await?;
    let pool = &database.pool;
    sqlx::raw_sql(
        "CREATE TABLE public.users (id int); CREATE TABLE public.leads (id int); CREATE TABLE public.calls (id int);
         INSERT INTO public.users VALUES (1); INSERT INTO public.leads VALUES (1), (2);",
    )
    .execute(pool)
    .await?;
    let (one, two) = tokio::join!(store::migrate(pool), store::migrate(pool));
    one?;
    two?;
    store::migrate(pool).await?;
    business(pool, NUMBER).await?;
    applied(pool, "e1", 0, &incoming("CA1", CALLER, NUMBER)?).await?;
    assert_eq!(database.count("SELECT count(*) FROM public.users").await?, 1);
    assert_eq!(database.count("SELECT count(*) FROM public.leads").await?, 2);
    assert_eq!(database.count("SELECT count(*) FROM public.calls").await?, 0);
    assert_eq!(
        database.count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await?,
        3,
        "nothing of ours stands outside our schema"
    );
    Ok(())
}

#[tokio::test]
async fn the_audit_cannot_be_changed() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    applied(pool, "e1", 0, &incoming("CA1", CALLER, NUMBER)?).await?;
    for statement in [
        "UPDATE prosaas.audit_records SET actor_name = 'x'",
        "DELETE FROM prosaas.audit_records",
        "TRUNCATE prosaas.audit_records",
    ] {
        let error = sqlx::query(statement).execute(pool).await.err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("append only")), "{statement}");
    }
    assert_eq!(
        database.count("SELECT count(*) FROM prosaas.audit_records WHERE after::text LIKE '%972%'").await?,
        0,
        "no phone number enters what can never be changed"
    );
    Ok(())
}

/// A call of a business that owns the number, for other tests.
pub async fn call_of_a_new_business(pool: &PgPool, call: &str) -> Result<BusinessId> {
    let owner = business(pool, NUMBER).await?;
    applied(pool, "a call", 0, &incoming(call, CALLER, NUMBER)?).await?;
    Ok(owner)
}

/// What a business's calls have come to, but for versions and the moments of writing.
async fn outcome(pool: &PgPool, business: BusinessId) -> Result<serde_json::Value> {
    Ok(sqlx::query_scalar(
        "SELECT jsonb_build_object(
            'calls', (SELECT jsonb_agg(to_jsonb(c) - ARRAY['business_id', 'lead_id', 'version', 'created_at', 'updated_at']
                      || jsonb_build_object('lead', c.lead_id IS NOT NULL) ORDER BY c.call_sid)
                      FROM prosaas.calls c WHERE c.business_id = $1),
            'history', (SELECT jsonb_agg(to_jsonb(e) - ARRAY['business_id', 'applied_at'] ORDER BY e.event_id)
                        FROM prosaas.call_events e WHERE e.business_id = $1),
            'audit', (SELECT jsonb_agg(a.event_id ORDER BY a.event_id, a.entity_id) FROM prosaas.audit_records a
                      WHERE a.entity_type = 'call'),
            'leads', (SELECT jsonb_agg(jsonb_build_array(l.name, p.e164) ORDER BY p.e164)
                      FROM prosaas.leads l JOIN prosaas.lead_phones p ON p.lead_id = l.id WHERE l.business_id = $1),
            'missed', (SELECT jsonb_object_agg(sid, standing) FROM (
                        SELECT o.payload::jsonb ->> 'subject' AS sid,
                               sum(CASE WHEN o.subject LIKE 'event.call.missed.%' THEN 1 ELSE -1 END) AS standing
                        FROM prosaas.event_outbox o
                        WHERE o.subject LIKE 'event.call.missed%' AND o.payload::jsonb ->> 'businessid' = $1::text
                        GROUP BY 1) AS told WHERE standing <> 0))",
    )
    .bind(business.0)
    .fetch_one(pool)
    .await?)
}

/// Any order, any repetition, any boundaries of batches: the same rows, one record for each event, and of missed calls
/// the same is told in the end.
#[tokio::test]
async fn boundaries_of_batches_change_nothing() -> Result<()> {
    let mut random = Random::new(prosaas_tests::environment::seed()?);
    let mut first = None;
    for round in 0..40 {
        // The same ids each time, so a database of its own.
        let database = Database::migrated().await?;
        let pool = &database.pool;
        let shop = business(pool, NUMBER).await?;
        let mut events = Vec::new();
        for call in ["CA1", "CA2", "CA3"] {
            events.push((format!("{call}-0"), 0, incoming(call, CALLER, NUMBER)?));
            events.push((format!("{call}-1"), 1, status(call, CallStatus::InProgress, 1)?));
            events.push((format!("{call}-2"), 2, status(call, CallStatus::Completed, 2)?));
        }
        events.push(("CA1-3".to_owned(), 3, dialed("CA1")?));
        events.push(("CA2-3".to_owned(), 3, taken("CA2")?));
        events.push(("CA2-4".to_owned(), 3, leg_accepted("CA2")?));
        events.push(("leg".to_owned(), 2, direction::leg("CAleg", CALLER, "CA2")?));
        if round > 0 {
            let again = events.get(round % events.len()).cloned();
            events.extend(again);
            random.shuffle(&mut events);
        }
        let metas: Vec<Meta> = events.iter().map(|(id, second, _)| meta(id, *second)).collect();
        let mut pairs: Vec<_> = metas.iter().zip(events.iter().map(|(_, _, event)| event)).collect();
        while !pairs.is_empty() {
            let most = if round == 0 { 1 } else { usize::try_from(random.between(1, 8))? };
            let rest = pairs.split_off(most.min(pairs.len()));
            apply_all(pool, "calls", &pairs).await?;
            pairs = rest;
        }
        let differ = "SELECT count(*) FROM prosaas.calls
                      WHERE ended_at IS NOT NULL AND direction = 'inbound' AND answered = missed";
        assert_eq!(database.count(differ).await?, 0, "fold and table have one rule");
        let found = outcome(pool, shop).await?;
        let wanted = first.get_or_insert_with(|| found.clone());
        assert!(&found == wanted, "round {round}: {found:#} instead of {wanted:#}");
    }
    Ok(())
}

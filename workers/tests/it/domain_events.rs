//! What the workers' transactions tell, and that the relay brings each of it into the stream once.

use std::time::Duration;

use anyhow::Result;
use async_nats::{HeaderMap, jetstream::stream};
use prosaas_domain::ids::{BatchId, LeadId};
use prosaas_events::{
    call::CallStatus,
    crm::{
        lead::{
            LeadChanges, LeadCreateV1, LeadDeleteManyV1, LeadDeleteV1, LeadFields, LeadRestoreManyV1,
            LeadRestoreV1, LeadStatus, LeadUpdateV1,
        },
        user::UserDeleteV1,
    },
    subjects::Stream,
};
use prosaas_workers::{dead_letters::file::file, domain_events::relay::Relay, live::Live, runtime::Done};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    calls::{CALLER, NUMBER, answered, applied, business, dialed, incoming, status},
    crm::Crm,
    dead_letters::{event, verdict},
    support::{Database, Nats, eventually},
};

/// What waits in the outbox, oldest first.
async fn outbox(pool: &PgPool) -> Result<Vec<Value>> {
    let rows: Vec<String> = sqlx::query_scalar("SELECT payload FROM prosaas.event_outbox ORDER BY position")
        .fetch_all(pool)
        .await?;
    Ok(rows.iter().map(|row| serde_json::from_str(row)).collect::<Result<_, _>>()?)
}

/// Type and data of what waits; the outbox is empty afterwards.
async fn told(pool: &PgPool) -> Result<Vec<(String, Value)>> {
    let events = outbox(pool).await?;
    sqlx::raw_sql("DELETE FROM prosaas.event_outbox").execute(pool).await?;
    let short =
        |event: &Value| event["type"].as_str().unwrap_or("").trim_start_matches("pro.prosaas.").to_owned();
    Ok(events
        .into_iter()
        .map(|event| (short(&event), event.get("data").cloned().unwrap_or_default()))
        .collect())
}

async fn names(pool: &PgPool) -> Result<Vec<String>> {
    Ok(told(pool).await?.into_iter().map(|(name, _)| name).collect())
}

#[tokio::test]
async fn a_call_tells_its_end_and_whether_it_was_missed() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    let shop = business(pool, NUMBER).await?;
    applied(pool, "e0", 0, &incoming("CA1", CALLER, NUMBER)?).await?;
    let lead: Uuid = sqlx::query_scalar("SELECT id FROM prosaas.leads").fetch_one(pool).await?;
    let created = json!({ "lead_id": lead, "version": 1, "source": "call", "call_sid": "CA1" });
    assert_eq!(told(pool).await?, [("lead.created.v1".to_owned(), created)]);
    applied(pool, "e1", 1, &status("CA1", CallStatus::InProgress, 1)?).await?;
    assert_eq!(names(pool).await?, Vec::<String>::new(), "it goes on");

    applied(pool, "e2", 2, &status("CA1", CallStatus::Completed, 2)?).await?;
    let events = outbox(pool).await?;
    assert_eq!(events[0]["businessid"], json!(shop));
    assert_eq!(events[0]["subject"], "CA1");
    assert_eq!(events[0]["time"], "1970-01-01T00:00:02Z", "that of the cause");
    let [(completed, end), (missed, why)] = &told(pool).await?[..] else { panic!("two are told") };
    assert_eq!((completed.as_str(), missed.as_str()), ("call.completed.v1", "call.missed.v1"));
    assert_eq!((&end["version"], &end["missed"], &end["duration_s"]), (&json!(3), &json!(true), &json!(42)));
    assert_eq!((&why["version"], &why["can_be_called_back"]), (&json!(3), &json!(true)));
    assert_eq!(why["lead_id"], json!(lead));

    // Again, late, or unheard: nothing is new.
    for (id, second, event) in [
        ("e2", 2, status("CA1", CallStatus::Completed, 2)?),
        ("e3", 3, status("CA1", CallStatus::Ringing, 0)?),
        ("e4", 4, dialed("CA1")?),
    ] {
        applied(pool, id, second, &event).await?;
    }
    let (late, _): (Vec<_>, Vec<_>) = told(pool).await?.into_iter().unzip();
    assert_eq!(late, ["call.completed.v1"], "the dial's outcome alone changed what was told");

    applied(pool, "e5", 5, &answered("CA1")?).await?;
    let (after, data): (Vec<_>, Vec<_>) = told(pool).await?.into_iter().unzip();
    assert_eq!(after, ["call.completed.v1", "call.missed_withdrawn.v1"]);
    assert_eq!(data[0]["missed"], false);
    let version: i64 = sqlx::query_scalar("SELECT version FROM prosaas.calls").fetch_one(pool).await?;
    assert_eq!(data[1]["version"], json!(version));
    Ok(())
}

#[tokio::test]
async fn each_version_of_a_lead_is_told_with_its_number_and_nothing_personal() -> Result<()> {
    let crm = Crm::quiet().await?;
    let pool = crm.pool();
    let lead_id = LeadId(Uuid::now_v7());
    let fields = LeadFields {
        name: Some("דנה לוי".to_owned()),
        phones: vec!["054-123-4567".to_owned()],
        notes: "secret".to_owned(),
        ..LeadFields::default()
    };
    crm.own(crm.agent, LeadCreateV1 { lead_id, fields }).await?;
    let changes = LeadChanges {
        name: Some(Some("Dana".to_owned())),
        status: Some(LeadStatus::Won),
        ..LeadChanges::default()
    };
    crm.own(crm.agent, LeadUpdateV1 { lead_id, expected_version: 1, changes: changes.clone() }).await?;
    // Refused: nothing has happened.
    crm.own(crm.agent, LeadUpdateV1 { lead_id, expected_version: 1, changes }).await?;
    crm.own(crm.agent, LeadDeleteV1 { lead_id }).await?;
    crm.own(crm.agent, LeadRestoreV1 { lead_id }).await?;
    let batch_id = BatchId(Uuid::now_v7());
    crm.own(crm.agent, LeadDeleteManyV1 { batch_id, lead_ids: vec![lead_id] }).await?;
    crm.own(crm.agent, LeadRestoreManyV1 { batch_id, lead_ids: vec![lead_id] }).await?;
    let text = format!("{:?}", outbox(pool).await?);
    for personal in ["דנה", "Dana", "054-123", "541234567", "secret"] {
        assert!(!text.contains(personal), "{personal}");
    }
    assert!(outbox(pool).await?.iter().all(|event| event["actorid"] == json!(crm.agent)));
    let versions: Vec<_> = told(pool)
        .await?
        .into_iter()
        .map(|(name, data)| (name, data["version"].as_i64(), data["changed"].clone()))
        .collect();
    let plain = |name: &str, version| (format!("lead.{name}.v1"), Some(version), Value::Null);
    assert_eq!(
        versions,
        [
            plain("created", 1),
            ("lead.updated.v1".to_owned(), Some(2), json!(["name", "status"])),
            plain("deleted", 3),
            plain("restored", 4),
            plain("deleted", 5),
            plain("restored", 6),
        ]
    );
    crm.own(crm.owner, UserDeleteV1 { user_id: crm.agent }).await?;
    let removed = json!({ "user_id": crm.agent, "version": 2, "role": "agent" });
    assert_eq!(told(pool).await?, [("user.deleted.v1".to_owned(), removed)]);
    Ok(())
}

#[tokio::test]
async fn a_dead_letter_is_told_once_and_that_of_its_own_news_not_at_all() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    for _ in 0..2 {
        file(pool, &Live::silent(), &verdict(1, &event("e1", "CA1"))).await?;
    }
    let [(name, data)] = &told(pool).await?[..] else { panic!("one is told") };
    assert_eq!(name, "dead_letter.filed.v1");
    assert_eq!((&data["consumer"], &data["reason"]), (&json!("calls"), &json!("exhausted")));
    let id: Uuid = sqlx::query_scalar("SELECT id FROM prosaas.dead_letters").fetch_one(pool).await?;
    assert_eq!(data["dead_letter_id"], json!(id));

    let own = json!({ "specversion": "1.0", "id": "e2", "source": "/prosaas/workers", "subject": id,
                      "type": "pro.prosaas.dead_letter.filed.v1", "time": "2026-01-01T00:00:00Z", "data": data });
    file(pool, &Live::silent(), &verdict(2, own.to_string().as_bytes())).await?;
    assert_eq!(database.count("SELECT count(*) FROM prosaas.dead_letters").await?, 2);
    assert_eq!(names(pool).await?, Vec::<String>::new(), "else it would go round");
    Ok(())
}

/// A relay at work.
struct Relaying {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Relaying {
    fn start(nats: &Nats, pool: &PgPool) -> Self {
        let relay = Relay {
            pool: pool.clone(),
            client: nats.bus.client.clone(),
            committed: nats.bus.committed.clone(),
        };
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(relay.run(stop.clone())), stop }
    }

    async fn stop(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.task.await?)
    }
}

/// The ids in the stream, in its order.
async fn stored(nats: &Nats) -> Result<Vec<String>> {
    let stream = nats.ops.get_stream(Stream::Events.name()).await?;
    let last = stream.get_info().await?.state.last_sequence;
    let mut ids = Vec::new();
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await?;
        let event: Value = serde_json::from_slice(&message.payload)?;
        let id = event.get("id").and_then(Value::as_str).unwrap_or("").to_owned();
        assert_eq!(
            message.headers.get("Nats-Msg-Id").map(async_nats::HeaderValue::as_str),
            Some(id.as_str())
        );
        ids.push(id);
    }
    Ok(ids)
}

async fn emptied(database: &Database) -> Result<()> {
    eventually("the outbox is empty", || async {
        Ok(database.count("SELECT count(*) FROM prosaas.event_outbox").await? == 0)
    })
    .await
}

/// So many calls that were missed, each of which tells of its lead, its end, and that.
async fn missed(pool: &PgPool, calls: std::ops::Range<usize>) -> Result<()> {
    for number in calls {
        let call = format!("CA{number}");
        let caller = format!("+97254{number:07}");
        applied(pool, &format!("i{number}"), 0, &incoming(&call, &caller, NUMBER)?).await?;
        applied(pool, &format!("s{number}"), 1, &status(&call, CallStatus::Completed, 1)?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_relay_moves_everything_once_through_an_outage_and_what_was_sent_before() -> Result<()> {
    let (mut nats, database) = (Nats::start().await?, Database::migrated().await?);
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    missed(pool, 0..10).await?;
    let first: Vec<String> =
        sqlx::query_scalar("SELECT event_id FROM prosaas.event_outbox ORDER BY position")
            .fetch_all(pool)
            .await?;
    assert_eq!(first.len(), 30);
    // One of them is there already: a relay was killed between the acknowledgement and its commit.
    let (id, subject, payload): (String, String, String) = sqlx::query_as(
        "SELECT event_id, subject, payload FROM prosaas.event_outbox ORDER BY position LIMIT 1",
    )
    .fetch_one(pool)
    .await?;
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", id.as_str());
    nats.ops.publish_with_headers(subject, headers, payload.into()).await?.await?;
    let relay = Relaying::start(&nats, pool);
    emptied(&database).await?;
    assert_eq!(stored(&nats).await?, first, "each once, in order");

    // The server goes away while more happens, and comes back.
    nats.restart().await?;
    missed(pool, 10..40).await?;
    nats.bus.committed.notify_one();
    emptied(&database).await?;
    let mut all = stored(&nats).await?;
    assert_eq!(all.len(), 120);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 120, "each once");
    relay.stop().await
}

#[tokio::test]
async fn two_relays_share_the_work_and_what_no_stream_takes_holds_nobody_up() -> Result<()> {
    let (nats, database) = (Nats::start().await?, Database::migrated().await?);
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    // Larger than the stream takes.
    sqlx::query(
        "INSERT INTO prosaas.event_outbox (event_id, subject, payload) VALUES ('huge', 'event.a.b.c', $1)",
    )
    .bind("x".repeat(100_000))
    .execute(pool)
    .await?;
    missed(pool, 0..20).await?;
    let (one, two) = (Relaying::start(&nats, pool), Relaying::start(&nats, pool));
    eventually("all but one have gone", || async {
        Ok(database.count("SELECT count(*) FROM prosaas.event_outbox WHERE refused IS NULL").await? == 0)
    })
    .await?;
    let left: Vec<(String, String)> =
        sqlx::query_as("SELECT event_id, refused FROM prosaas.event_outbox").fetch_all(pool).await?;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0].0, "huge");
    let mut ids = stored(&nats).await?;
    assert_eq!(ids.len(), 60);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    one.stop().await?;
    two.stop().await
}

/// A relay whose database hangs up in the middle of a transaction gives its rows back.
#[tokio::test]
async fn rows_of_a_transaction_that_is_lost_are_moved_by_the_next() -> Result<()> {
    let (nats, database) = (Nats::start().await?, Database::migrated().await?);
    let pool = &database.pool;
    business(pool, NUMBER).await?;
    missed(pool, 0..1).await?;
    let mut held = pool.begin().await?;
    sqlx::query("SELECT FROM prosaas.event_outbox FOR UPDATE").fetch_all(&mut *held).await?;
    let relay = Relaying::start(&nats, pool);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(stored(&nats).await?, Vec::<String>::new(), "another has them");
    held.rollback().await?;
    emptied(&database).await?;
    assert_eq!(stored(&nats).await?.len(), 3);
    // What was applied is not told again by a redelivery.
    let again = applied(pool, "s0", 1, &status("CA0", CallStatus::Completed, 1)?).await?;
    assert_eq!(again, Done::AlreadyApplied);
    assert_eq!(outbox(pool).await?, Vec::<Value>::new());
    relay.stop().await
}

/// The relay is lost between the acknowledgement and its commit, and away for longer than the stream remembers ids: the
/// events are there twice, and whoever reads them knows it by their ids. None is missing.
#[tokio::test]
async fn after_longer_than_the_stream_remembers_an_event_is_there_twice_by_the_same_id() -> Result<()> {
    let (nats, database) = (Nats::start().await?, Database::migrated().await?);
    let pool = &database.pool;
    let window = Duration::from_millis(200);
    let stream = nats.ops.get_stream(Stream::Events.name()).await?;
    let config = stream.get_info().await?.config;
    nats.ops.update_stream(stream::Config { duplicate_window: window, ..config }).await?;
    business(pool, NUMBER).await?;
    missed(pool, 0..5).await?;
    // What the relay has sent it cannot delete while this is held.
    sqlx::raw_sql(
        "CREATE FUNCTION prosaas.wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN OLD; END $$;
         CREATE TRIGGER wait_for_test BEFORE DELETE ON prosaas.event_outbox
            FOR EACH ROW EXECUTE FUNCTION prosaas.wait_for_test()",
    )
    .execute(pool)
    .await?;
    let mut held = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(4711)").execute(&mut *held).await?;
    let lost = Relaying::start(&nats, pool);
    eventually("all are acknowledged", || async { Ok(stored(&nats).await?.len() == 15) }).await?;
    lost.task.abort();
    let _ = lost.task.await;
    let first = stored(&nats).await?;
    tokio::time::sleep(window * 2).await;
    held.rollback().await?;
    let relay = Relaying::start(&nats, pool);
    emptied(&database).await?;
    let all = stored(&nats).await?;
    assert_eq!(all[..15], first[..]);
    assert_eq!(all[15..], first[..], "again, in the same order and by the same ids");
    relay.stop().await
}

//! What all commands have in common.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use async_nats::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use prosaas_domain::ids::{BatchId, LeadId};
use prosaas_events::{
    crm::{
        business::BusinessConfigureV1,
        lead::{LeadCreateV1, LeadDeleteManyV1, LeadDeleteV1, LeadFields},
    },
    live::LiveUpdate,
    subjects::{LIVE_STREAM, LiveKind, Stream, consumers},
};
use prosaas_platform::clock::{self, Clock};
use prosaas_tests::eventually::SOON;
use prosaas_workers::{
    live::Live,
    runtime::{Bus, Delivery, Done, Failure, Policy, run},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Crm, business, command, delivery};
use crate::support::{Nats, eventually};

fn lead() -> LeadCreateV1 {
    let fields = LeadFields { name: Some("Dana".to_owned()), ..LeadFields::default() };
    LeadCreateV1 { lead_id: LeadId(Uuid::now_v7()), fields }
}

#[tokio::test]
async fn a_deletion_delivered_twice_leaves_one_record_with_who_asked() -> Result<()> {
    let crm = Crm::quiet().await?;
    let args = lead();
    let lead_id = args.lead_id;
    assert_eq!(crm.own(crm.agent, args).await?.status(), 200);
    let sent = command("delete", crm.agent, Some(crm.business), LeadDeleteV1 { lead_id })?;
    let again = Delivery { attempt: 2, ..delivery(&sent) };
    assert!(matches!(crm.deliver(&sent, &delivery(&sent)).await, Ok(Done::Applied)));
    assert!(matches!(crm.deliver(&sent, &again).await, Ok(Done::AlreadyApplied)));
    sqlx::query("UPDATE prosaas.users SET name = 'renamed'").execute(crm.pool()).await?;
    let records: Vec<(String, Uuid, String, String, String)> = sqlx::query_as(
        "SELECT actor_name, actor_id, host(ip), request_id, event_id FROM prosaas.audit_records
         WHERE action = 'lead.delete'",
    )
    .fetch_all(crm.pool())
    .await?;
    let wanted = (
        "the agent".to_owned(),
        crm.agent.0,
        "192.0.2.7".to_owned(),
        "request-delete".to_owned(),
        "delete".to_owned(),
    );
    assert_eq!(records, [wanted]);
    assert_eq!(crm.database.count("SELECT count(*) FROM prosaas.operations").await?, 2);
    Ok(())
}

#[tokio::test]
async fn what_lay_for_too_long_is_a_dead_letter_that_can_run_and_what_is_retried_is_none() -> Result<()> {
    let crm = Crm::quiet().await?;
    let late = Duration::from_secs(15 * 60 + 1);
    let sent = command("late", crm.agent, Some(crm.business), lead())?;
    let first = Delivery { waited: late, ..delivery(&sent) };
    assert!(matches!(crm.deliver(&sent, &first).await, Err(Failure::Fail(_))));
    let outcome = crm.outcome(&sent).await?.context("an operation")?;
    assert_eq!(outcome.kind(), "/problems/expired");
    assert_eq!(crm.database.count("SELECT count(*) FROM prosaas.processed_events").await?, 0);
    // Operators run it after all: a new message of the same event.
    assert!(matches!(crm.deliver(&sent, &delivery(&sent)).await, Ok(Done::Applied)));
    assert_eq!(crm.outcome(&sent).await?.map(|outcome| outcome.status()), Some(200));
    let sent = command("retried", crm.agent, Some(crm.business), lead())?;
    let second = Delivery { waited: late, attempt: 2, ..delivery(&sent) };
    assert!(matches!(crm.deliver(&sent, &second).await, Ok(Done::Applied)));
    assert_eq!(crm.outcome(&sent).await?.map(|outcome| outcome.status()), Some(200));
    assert_eq!(crm.database.count("SELECT count(*) FROM prosaas.leads").await?, 2);
    Ok(())
}

#[tokio::test]
async fn rights_are_those_of_the_moment_it_is_applied() -> Result<()> {
    let crm = Crm::quiet().await?;
    let configure = || BusinessConfigureV1 {
        business_id: crm.business,
        name: None,
        time_zone: None,
        expected_revision: None,
        settings: prosaas_domain::call_config::CallSettings::default(),
    };
    let accepted = command("settings", crm.owner, Some(crm.business), configure())?;
    sqlx::query("UPDATE prosaas.users SET role = 'agent' WHERE id = $1")
        .bind(crm.owner.0)
        .execute(crm.pool())
        .await?;
    assert!(crm.deliver(&accepted, &delivery(&accepted)).await.is_ok());
    assert_eq!(crm.outcome(&accepted).await?.map(|outcome| outcome.status()), Some(403));

    let accepted = command("lead", crm.agent, Some(crm.business), lead())?;
    sqlx::query("UPDATE prosaas.users SET deleted_at = now() WHERE id = $1")
        .bind(crm.agent.0)
        .execute(crm.pool())
        .await?;
    assert!(crm.deliver(&accepted, &delivery(&accepted)).await.is_ok());
    assert_eq!(crm.outcome(&accepted).await?.map(|outcome| outcome.status()), Some(403));

    sqlx::query("UPDATE prosaas.businesses SET active = false").execute(crm.pool()).await?;
    assert_eq!(crm.own(crm.manager, lead()).await?.status(), 403, "of a business that rests");
    assert_eq!(crm.own(crm.admin, lead()).await?.status(), 200);
    let other = business(crm.pool()).await?;
    assert_eq!(crm.send(crm.admin, Some(other), lead()).await?.status(), 200);
    sqlx::query("UPDATE prosaas.businesses SET active = true").execute(crm.pool()).await?;
    assert_eq!(crm.send(crm.manager, Some(other), lead()).await?.status(), 404, "another's business");
    assert_eq!(crm.send(crm.manager, None, lead()).await?.status(), 403);
    assert_eq!(crm.send(crm.admin, Some(other), configure()).await?.status(), 404, "the two names differ");
    assert_eq!(crm.actions().await?, ["lead.create", "lead.create"]);
    Ok(())
}

#[tokio::test]
async fn what_is_missing_is_waited_for_and_then_not_found() -> Result<()> {
    let crm = Crm::quiet().await?;
    let args = LeadDeleteV1 { lead_id: LeadId(Uuid::now_v7()) };
    let sent = command("missing", crm.agent, Some(crm.business), args)?;
    for attempt in 1..=6 {
        let tried = crm.deliver(&sent, &Delivery { attempt, ..delivery(&sent) }).await;
        assert!(matches!(tried, Err(Failure::Missing(_))), "attempt {attempt}: {tried:?}");
        assert_eq!(crm.outcome(&sent).await?, None);
    }
    assert!(matches!(
        crm.deliver(&sent, &Delivery { attempt: 7, ..delivery(&sent) }).await,
        Ok(Done::Applied)
    ));
    assert_eq!(crm.outcome(&sent).await?.map(|outcome| outcome.status()), Some(404));
    Ok(())
}

#[tokio::test]
async fn who_asked_for_what_becomes_a_dead_letter_hears_of_it() -> Result<()> {
    let crm = Crm::quiet().await?;
    sqlx::query("UPDATE prosaas.businesses SET call_settings = '{\"mode\": \"newer\"}'")
        .execute(crm.pool())
        .await?;
    let args = BusinessConfigureV1 {
        business_id: crm.business,
        name: None,
        time_zone: None,
        expected_revision: None,
        settings: prosaas_domain::call_config::CallSettings::default(),
    };
    let sent = command("broken", crm.owner, Some(crm.business), args)?;
    assert!(matches!(crm.deliver(&sent, &delivery(&sent)).await, Err(Failure::Fail(_))));
    assert_eq!(crm.outcome(&sent).await?.map(|outcome| outcome.status()), Some(500));
    sqlx::query("UPDATE prosaas.businesses SET call_settings = '{}'").execute(crm.pool()).await?;
    assert!(matches!(crm.deliver(&sent, &delivery(&sent)).await, Ok(Done::Applied)), "a replay");
    assert_eq!(crm.outcome(&sent).await?.map(|outcome| outcome.status()), Some(200));
    Ok(())
}

#[tokio::test]
async fn live_updates_follow_the_commit_also_of_a_redelivery() -> Result<()> {
    let nats = Nats::start().await?;
    let live = Live::new(nats.bus.client.clone(), clock::system());
    let crm = Crm::on(nats.bus.jetstream.clone(), live).await?;
    let (client, scope) = (nats.ops.client(), crm.business);
    let mut heard = client.subscribe("live.>").await?;
    client.flush().await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn(run(crm.worker.clone(), nats.bus.clone(), Policy::quick(4), stop.clone()));

    let args = lead();
    let lead_id = args.lead_id;
    let sent = command("create", crm.agent, Some(crm.business), args)?;
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", sent.id.as_str());
    nats.ops.publish_with_headers(sent.subject.clone(), headers, sent.payload.clone().into()).await?.await?;
    let mut next = async || {
        let message = tokio::time::timeout(SOON, heard.next()).await?.context("an update")?;
        let update: LiveUpdate = serde_json::from_slice(&message.payload)?;
        anyhow::Ok((message.subject.to_string(), update))
    };
    let lead = (format!("live.{scope}.lead.{lead_id}"), LiveKind::Lead, "lead.create");
    let operation =
        (format!("live.{scope}.operation.{}", sent.operation), LiveKind::Operation, "lead.create");
    let mut expect = async |(subject, kind, action): (String, LiveKind, &str)| {
        let (heard, update) = next().await?;
        assert_eq!((heard, update.kind, update.action.as_str()), (subject, kind, action));
        assert_eq!((update.operation_id, update.actor_id), (Some(sent.operation), Some(crm.agent)));
        anyhow::Ok(())
    };
    for wanted in [lead.clone(), operation.clone()] {
        expect(wanted).await?;
    }
    let again = Delivery { attempt: 2, ..delivery(&sent) };
    assert!(matches!(crm.deliver(&sent, &again).await, Ok(Done::AlreadyApplied)));
    for wanted in [lead, operation] {
        expect(wanted).await?;
    }
    eventually("the stream keeps them", || async {
        let mut stream = nats.ops.get_stream(LIVE_STREAM).await?;
        Ok(stream.info().await?.state.messages == 4)
    })
    .await?;
    stop.cancel();
    running.await?;

    // More than a screenful is told as one change.
    sqlx::query(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'x', 'manual', now(), now() FROM generate_series(1, 30)",
    )
    .bind(crm.business.0)
    .execute(crm.pool())
    .await?;
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM prosaas.leads").fetch_all(crm.pool()).await?;
    let batch_id = BatchId(Uuid::now_v7());
    let lead_ids = ids.into_iter().map(LeadId).collect();
    assert_eq!(crm.own(crm.agent, LeadDeleteManyV1 { batch_id, lead_ids }).await?.status(), 200);
    let (subject, update) = next().await?;
    assert_eq!(subject, format!("live.{scope}.lead.{batch_id}"));
    assert_eq!(update.action, "lead.delete_many");
    assert_eq!(next().await?.1.kind, LiveKind::Operation);
    Ok(())
}

/// A clock that a test sets forward, and that counts who looks at it.
#[derive(Default)]
struct Forward {
    seconds: AtomicI64,
    looks: AtomicUsize,
}

impl Clock for Forward {
    fn now(&self) -> DateTime<Utc> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        clock::system().now() + TimeDelta::seconds(self.seconds.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_pause_longer_than_a_command_lives_drops_none() -> Result<()> {
    let nats = Nats::start().await?;
    let crm = Crm::on(nats.bus.jetstream.clone(), Live::silent()).await?;
    let (forward, stop) = (Arc::new(Forward::default()), CancellationToken::new());
    let bus = Bus { clock: forward.clone(), ..nats.bus.clone() };
    let policy = Policy { look: Duration::from_millis(20), ..Policy::quick(2) };
    let running = tokio::spawn(run(crm.worker.clone(), bus, policy, stop.clone()));
    let stream = nats.ops.get_stream(Stream::Crm.name()).await?;
    let far = async_nats::datetime::DateTime::from_unix_timestamp(4_000_000_000)?;
    stream.pause_consumer(consumers::CRM, far).await?;
    let sent = command("paused", crm.agent, Some(crm.business), lead())?;
    nats.ops.publish(sent.subject.clone(), sent.payload.clone().into()).await?.await?;
    // An hour passes, during which somebody sees that it is paused.
    forward.seconds.store(3600, Ordering::SeqCst);
    let looks = forward.looks.load(Ordering::SeqCst);
    eventually("the pause is seen", || async { Ok(forward.looks.load(Ordering::SeqCst) > looks + 2) })
        .await?;
    assert_eq!(crm.outcome(&sent).await?, None);
    stream.resume_consumer(consumers::CRM).await?;
    let outcome = || async { Ok(crm.outcome(&sent).await?.is_some()) };
    eventually("it is done", outcome).await?;
    assert_eq!(crm.outcome(&sent).await?.map(|outcome| outcome.status()), Some(200));
    stop.cancel();
    running.await?;
    Ok(())
}

//! Live updates, through a real nats-server.

use anyhow::{Context as _, Result, ensure};
use axum::body::BodyDataStream;
use chrono::DateTime;
use futures_util::StreamExt as _;
use http::Method;
use prosaas_domain::{ids::BusinessId, rights::Role};
use prosaas_events::{
    live::LiveUpdate,
    subjects::{LiveKind, live},
};
use prosaas_ingress::services::live::slots::MAX_PER_SESSION;
use prosaas_platform::bus::{self, definitions, reconcile};
use prosaas_tests::{
    eventually::{SOON, eventually},
    nats::NatsServer,
    scratch::Scratch,
};

use crate::support::{FOREIGN, Login, OWN, World};

/// A nats-server with its streams, and an ingress that follows it.
struct Stage {
    world: World,
    nats: NatsServer,
    client: async_nats::Client,
    scratch: Scratch,
}

impl Stage {
    async fn new() -> Result<Self> {
        let scratch = Scratch::new()?;
        let nats = NatsServer::start(&scratch).await?;
        reconcile::apply(&nats.jetstream().await?, definitions::DEFAULT_STORE_BYTES).await?;
        let world = World::on(&nats.url(bus::Role::Ingress)).await?;
        world.businesses().await?;
        let client = nats.client().await?;
        Ok(Self { world, nats, client, scratch })
    }

    /// Publishes as the workers do.
    async fn publish(&self, business: Option<BusinessId>, kind: LiveKind, id: &str) -> Result<()> {
        let (action, at) = ("test.change".to_owned(), DateTime::UNIX_EPOCH);
        let update = LiveUpdate { kind, id: id.to_owned(), action, operation_id: None, actor_id: None, at };
        self.client.publish(live(business, kind, id), serde_json::to_vec(&update)?.into()).await?;
        self.client.flush().await?;
        Ok(())
    }

    /// Opens a stream and reads its first event, which is of this name.
    async fn listen(&self, who: &Login, query: &str, last: Option<&str>, first: &str) -> Result<Events> {
        let headers: Vec<_> = last.into_iter().map(|id| ("last-event-id", id)).collect();
        let path = format!("/api/live{query}");
        let response = self.world.open(who, Method::GET, &path, &headers, None).await?;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mut events = Events { body: response.into_body().into_data_stream(), text: String::new() };
        let event = events.next().await?;
        assert_eq!(event.name, first);
        Ok(events)
    }

    /// Listens until the ingress follows the stream: from then on nothing is reset.
    async fn settled(&self, who: &Login) -> Result<()> {
        eventually("the ingress follows the stream", SOON, || async {
            let response = self.world.open(who, Method::GET, "/api/live", &[], None).await?;
            let body = response.into_body().into_data_stream();
            let ready = Events { body, text: String::new() }.next().await?;
            ensure!(ready.id.is_some_and(|id| !id.starts_with("0-")), "not yet");
            Ok(())
        })
        .await
    }

    fn passed(self) {
        self.world.passed();
        self.scratch.passed();
    }
}

#[derive(Debug, Default, Clone)]
struct Event {
    name: String,
    id: Option<String>,
    data: serde_json::Value,
}

impl Event {
    fn changed(&self) -> &str {
        self.data["id"].as_str().unwrap_or_default()
    }
}

struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    /// The next event that is no heartbeat.
    async fn next(&mut self) -> Result<Event> {
        tokio::time::timeout(SOON, async {
            loop {
                if let Some(end) = self.text.find("\n\n") {
                    let event = parse(&self.text[..end]);
                    self.text.drain(..end + 2);
                    if event.name != "heartbeat" {
                        return Ok(event);
                    }
                } else {
                    let piece = self.body.next().await.context("the stream ended")??;
                    self.text.push_str(std::str::from_utf8(&piece)?);
                }
            }
        })
        .await?
    }

    /// The next event, an update of this thing; its id.
    async fn update(&mut self, id: &str) -> Result<String> {
        let event = self.next().await?;
        assert_eq!((event.name.as_str(), event.changed()), ("update", id));
        event.id.context("an update has an id")
    }
}

fn parse(text: &str) -> Event {
    let mut event = Event::default();
    for line in text.lines() {
        match line.split_once(':').map(|(field, value)| (field, value.trim_start())) {
            Some(("event", value)) => value.clone_into(&mut event.name),
            Some(("id", value)) => event.id = Some(value.to_owned()),
            Some(("data", value)) => event.data = serde_json::from_str(value).unwrap(),
            _ => {}
        }
    }
    event
}

#[tokio::test]
async fn everybody_hears_of_what_is_theirs() -> Result<()> {
    let stage = Stage::new().await?;
    let agent = stage.world.login(Some(OWN), Role::Agent).await?;
    let manager = stage.world.login(Some(OWN), Role::Manager).await?;
    let admin = stage.world.login(None, Role::SystemAdmin).await?;
    stage.settled(&agent).await?;
    let mut at_agent = stage.listen(&agent, "", None, "ready").await?;
    let mut at_manager = stage.listen(&manager, &format!("?business_id={OWN}"), None, "ready").await?;
    let mut at_admin = stage.listen(&admin, "", None, "ready").await?;
    let mut at_other = stage.listen(&admin, &format!("?business_id={FOREIGN}"), None, "ready").await?;
    stage.publish(Some(OWN), LiveKind::Lead, "l1").await?;
    stage.publish(Some(FOREIGN), LiveKind::Lead, "l2").await?;
    stage.publish(Some(OWN), LiveKind::User, "u1").await?;
    stage.publish(None, LiveKind::Business, "b1").await?;
    stage.publish(Some(OWN), LiveKind::Call, "c1").await?;
    for id in ["l1", "c1"] {
        at_agent.update(id).await?;
    }
    for id in ["l1", "u1", "c1"] {
        at_manager.update(id).await?;
    }
    for id in ["l1", "l2", "u1", "b1", "c1"] {
        at_admin.update(id).await?;
    }
    at_other.update("l2").await?;
    let foreign = format!("/api/live?business_id={FOREIGN}");
    assert_eq!(stage.world.get(&manager, &foreign).await?.status, 404);
    stage.passed();
    Ok(())
}

#[tokio::test]
async fn what_was_missed_comes_again_and_what_cannot_is_told() -> Result<()> {
    let mut stage = Stage::new().await?;
    let agent = stage.world.login(Some(OWN), Role::Agent).await?;
    stage.settled(&agent).await?;
    let mut events = stage.listen(&agent, "", None, "ready").await?;
    let mut witness = stage.listen(&agent, "", None, "ready").await?;
    stage.publish(Some(OWN), LiveKind::Lead, "l1").await?;
    let last = events.update("l1").await?;
    drop(events);
    stage.publish(Some(FOREIGN), LiveKind::Lead, "l2").await?;
    stage.publish(Some(OWN), LiveKind::Lead, "l3").await?;
    stage.publish(Some(OWN), LiveKind::Lead, "l4").await?;
    // What was published reaches the ingress in its own time.
    while witness.next().await?.changed() != "l4" {}
    // The missed ones, then that there are no more; each may come before the other listener is told.
    let mut again = stage.listen(&agent, "", Some(&last), "update").await?;
    let mut rest = [again.next().await?, again.next().await?];
    rest.sort_by_key(|event| event.name.clone());
    assert_eq!((rest[0].name.as_str(), rest[1].changed()), ("ready", "l4"));
    for unknown in ["nonsense", "1-1", "0-0", "-"] {
        stage.listen(&agent, "", Some(unknown), "reset").await?;
    }
    // The stream lies in memory: after a restart it is another one, and counts anew.
    stage.nats.kill().await?;
    stage.nats.restart().await?;
    reconcile::apply(&stage.nats.jetstream().await?, definitions::DEFAULT_STORE_BYTES).await?;
    assert_eq!(again.next().await?.name, "reset");
    stage.client = stage.nats.client().await?;
    stage.publish(Some(OWN), LiveKind::Lead, "l5").await?;
    let anew = again.update("l5").await?;
    assert_ne!(anew.split('-').next(), last.split('-').next());
    stage.listen(&agent, "", Some(&last), "reset").await?;
    stage.passed();
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_with_its_session() -> Result<()> {
    let stage = Stage::new().await?;
    let agent = stage.world.login(Some(OWN), Role::Agent).await?;
    let owner = stage.world.login(Some(OWN), Role::Owner).await?;
    stage.settled(&agent).await?;
    let mut removed = stage.listen(&agent, "", None, "ready").await?;
    let mut stays = stage.listen(&owner, "", None, "ready").await?;
    stage
        .world
        .sql(format!("UPDATE prosaas.users SET deleted_at = now() WHERE id = '{}'", agent.user))
        .await?;
    stage.publish(Some(OWN), LiveKind::User, &agent.user.to_string()).await?;
    assert_eq!(removed.next().await?.name, "end");
    assert!(removed.next().await.is_err(), "and nothing after it");
    stays.update(&agent.user.to_string()).await?;
    // No update tells of a logout: the session is looked at from time to time.
    stage
        .world
        .sql(format!("UPDATE prosaas.user_sessions SET ended_at = now() WHERE id = '{}'", owner.session))
        .await?;
    assert_eq!(stays.next().await?.name, "end");
    assert_eq!(stage.world.get(&owner, "/api/live").await?.status, 401);
    stage.passed();
    Ok(())
}

#[tokio::test]
async fn streams_are_few_and_a_slow_reader_costs_nothing() -> Result<()> {
    let stage = Stage::new().await?;
    let agent = stage.world.login(Some(OWN), Role::Agent).await?;
    let other = stage.world.login(Some(OWN), Role::Agent).await?;
    stage.settled(&agent).await?;
    let mut slow = stage.listen(&agent, "", None, "ready").await?;
    let mut held = Vec::new();
    for _ in 1..MAX_PER_SESSION {
        held.push(stage.listen(&agent, "", None, "ready").await?);
    }
    assert_eq!(stage.world.get(&agent, "/api/live").await?.status, 429);
    held.pop();
    held.push(stage.listen(&agent, "", None, "ready").await?);
    let mut quick = stage.listen(&other, "", None, "ready").await?;
    for n in 0..3_000 {
        stage.publish(Some(OWN), LiveKind::Lead, &format!("l{n}")).await?;
        // Who keeps up gets every one.
        quick.update(&format!("l{n}")).await?;
    }
    let event = slow.next().await?;
    assert_eq!(event.name, "reset", "who does not is told to read again");
    stage.publish(Some(OWN), LiveKind::Lead, "last").await?;
    slow.update("last").await?;
    stage.passed();
    Ok(())
}

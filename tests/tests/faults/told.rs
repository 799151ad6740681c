//! What the stream of domain events says, against what the rows say: every version that was committed is told once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures_util::StreamExt as _;
use prosaas_tests::stack::Stack;
use serde_json::Value;
use sqlx::PgPool;

/// What is wrong with the stream.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Events with ids of their own.
    pub events: usize,
    /// Messages that repeat an id: sent again after the server had forgotten it. Whoever reads drops them.
    pub repeated: usize,
    /// What was committed and not told, or told under two ids, or told and never committed.
    pub wrong: Vec<String>,
}

/// One event, as far as the accounts need it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    version: i64,
    id: String,
    missed: bool,
}

/// Events by what they are, such as `lead.created`, and by what they are about.
type Events = BTreeMap<(String, String), BTreeSet<Event>>;

impl Told {
    /// Fails while the relay has something left to do.
    pub async fn moved(pool: &PgPool) -> anyhow::Result<()> {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM prosaas.event_outbox").fetch_one(pool).await?;
        anyhow::ensure!(left == 0, "{left} domain events wait in the outbox");
        Ok(())
    }

    /// Reads the stream and compares.
    pub async fn of(stack: &Stack) -> anyhow::Result<Self> {
        let (events, repeated) = read(stack).await?;
        let ids: BTreeSet<&str> = events.values().flatten().map(|event| event.id.as_str()).collect();
        let mut told = Self { events: ids.len(), repeated, wrong: Vec::new() };
        told.leads(&stack.pool, &events).await?;
        told.recordings(&stack.pool, &events).await?;
        told.calls(&stack.pool, &events).await?;
        Ok(told)
    }

    async fn leads(&mut self, pool: &PgPool, events: &Events) -> anyhow::Result<()> {
        let rows: HashMap<String, i64> = sqlx::query_as("SELECT id::text, version FROM prosaas.leads")
            .fetch_all(pool)
            .await?
            .into_iter()
            .collect();
        for (lead, version) in &rows {
            let versions: Vec<i64> = events
                .iter()
                .filter(|((name, entity), _)| name.starts_with("lead.") && entity == lead)
                .flat_map(|(_, told)| told.iter().map(|event| event.version))
                .collect();
            self.expect(versions == (1..=*version).collect::<Vec<_>>(), || {
                format!("lead {lead} has version {version}, told are {versions:?}")
            });
        }
        self.known("lead.", events, |lead| rows.contains_key(lead));
        Ok(())
    }

    async fn recordings(&mut self, pool: &PgPool, events: &Events) -> anyhow::Result<()> {
        let rows: Vec<(String, bool)> =
            sqlx::query_as("SELECT recording_sid, state = 'completed' FROM prosaas.recordings")
                .fetch_all(pool)
                .await?;
        for (recording, stored) in &rows {
            let key = ("recording.stored".to_owned(), recording.clone());
            let told = events.get(&key).map_or(0, BTreeSet::len);
            self.expect(told == usize::from(*stored), || {
                format!("{recording}: stored {stored}, told {told} times")
            });
        }
        self.known("recording.", events, |recording| rows.iter().any(|(known, _)| known == recording));
        Ok(())
    }

    /// An end may be told again where it reads otherwise; the last word is the row's.
    async fn calls(&mut self, pool: &PgPool, events: &Events) -> anyhow::Result<()> {
        let rows: Vec<(String, i64, bool, bool)> =
            sqlx::query_as("SELECT call_sid, version, ended_at IS NOT NULL, missed FROM prosaas.calls")
                .fetch_all(pool)
                .await?;
        for (call, version, ended, missed) in &rows {
            let of = |name: &str| events.get(&(name.to_owned(), call.clone())).into_iter().flatten();
            let last = of("call.completed").next_back();
            self.expect(*ended == last.is_some(), || format!("{call}: ended {ended}, told {last:?}"));
            self.expect(last.is_none_or(|last| last.missed == *missed && last.version <= *version), || {
                format!("{call}: missed {missed} in version {version}, told {last:?}")
            });
            let standing = of("call.missed").count().checked_sub(of("call.missed_withdrawn").count());
            self.expect(standing == Some(usize::from(*missed)), || {
                format!("{call}: missed {missed}, told {standing:?} times")
            });
            let versions: Vec<i64> = of("call.completed").map(|event| event.version).collect();
            let mut distinct = versions.clone();
            distinct.dedup();
            self.expect(distinct == versions, || format!("{call}: a version has two ids: {versions:?}"));
        }
        self.known("call.", events, |call| rows.iter().any(|(known, ..)| known == call));
        Ok(())
    }

    fn known(&mut self, domain: &str, events: &Events, is_known: impl Fn(&str) -> bool) {
        for (name, entity) in events.keys().filter(|(name, _)| name.starts_with(domain)) {
            self.expect(is_known(entity), || format!("{name} is told of {entity}, which is not there"));
        }
    }

    fn expect(&mut self, right: bool, wrong: impl FnOnce() -> String) {
        if !right {
            self.wrong.push(wrong());
        }
    }
}

async fn read(stack: &Stack) -> anyhow::Result<(Events, usize)> {
    let stream = stack.nats.jetstream().await?.get_stream("EVENTS").await?;
    let expected = stream.get_info().await?.state.messages;
    let mut messages = stream.create_consumer(OrderedConfig::default()).await?.messages().await?;
    let (mut events, mut ids, mut repeated) = (Events::new(), BTreeSet::new(), 0);
    for _ in 0..expected {
        let message = messages.next().await.ok_or_else(|| anyhow::anyhow!("the stream ended"))??;
        let event: Value = serde_json::from_slice(&message.payload)?;
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let id = text("id");
        if !ids.insert(id.clone()) {
            repeated += 1;
            continue;
        }
        let name = text("type").trim_start_matches("pro.prosaas.").trim_end_matches(".v1").to_owned();
        let version = event.pointer("/data/version").and_then(Value::as_i64).unwrap_or(0);
        let missed = event.pointer("/data/missed").and_then(Value::as_bool).unwrap_or(false);
        events.entry((name, text("subject"))).or_default().insert(Event { version, id, missed });
    }
    Ok((events, repeated))
}

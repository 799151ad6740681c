//! `prosaas-ops events`: what lies in the streams.

use anyhow::{Context as _, Result};
use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use futures_util::StreamExt as _;
use prosaas_dead_letters::terms;
use prosaas_events::mask;
use prosaas_platform::clock;
use serde::Serialize;
use serde_json::Value;

use super::{
    Ops, events_replay,
    exit::Failed,
    note::note_reveal,
    output::or_dash,
    time::{self, When},
};

/// Events.
#[derive(Debug, Subcommand)]
pub enum Events {
    /// List events of a stream, the oldest first.
    ///
    /// Example: prosaas-ops events list CALLS --from 1h --entity CA0123…
    List {
        /// CALLS, RECORDINGS, WHATSAPP, CRM, OPS, EVENTS or DEAD.
        stream: String,
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one.
    ///
    /// Example: prosaas-ops events show CALLS 4711
    Show {
        /// Its stream.
        stream: String,
        /// Its sequence.
        sequence: u64,
        /// Show personal data. It is noted in the audit records.
        #[arg(long)]
        reveal: bool,
    },
    /// Show events as they come, until Ctrl-C.
    Tail {
        /// The stream.
        stream: String,
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
    },
    /// Run events again that had succeeded, such as all calls of a day.
    ///
    /// Example: prosaas-ops events replay calls --succeeded --from 2026-01-31 --to 2026-02-01 --reason "rows were lost"
    Replay(events_replay::Replay),
}

/// Which events.
#[derive(Debug, Clone, Args)]
pub struct Filter {
    /// The type, whole, or its beginning up to a dot.
    #[arg(long = "type")]
    pub event_type: Option<String>,
    /// The business's id.
    #[arg(long)]
    pub business: Option<String>,
    /// A CallSid, another id, a phone number in any spelling, or an e-mail address.
    #[arg(long)]
    pub entity: Option<String>,
    /// Stored since: a time, or 30m, 2h, 7d ago.
    #[arg(long, value_parser = time::parse)]
    pub from: Option<When>,
    /// Stored before.
    #[arg(long, value_parser = time::parse)]
    pub to: Option<When>,
}

/// An event of a stream.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its sequence.
    pub sequence: u64,
    /// When it was stored.
    pub at: DateTime<Utc>,
    /// Its subject.
    pub subject: String,
    /// Its CloudEvents id.
    pub event_id: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
}

impl Row {
    /// Without personal data.
    fn masked(self) -> Self {
        Self {
            subject: mask::sentence(&self.subject),
            event_id: self.event_id.as_deref().map(mask::sentence),
            ..self
        }
    }
}

impl Filter {
    fn holds(&self, event: &Value) -> bool {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let type_fits = self.event_type.as_deref().is_none_or(|wanted| {
            let found = text("type");
            found == wanted || (wanted.ends_with('.') && found.starts_with(wanted))
        });
        let business_fits = self.business.as_deref().is_none_or(|wanted| text("businessid") == wanted);
        let entity_fits = self
            .entity
            .as_deref()
            .is_none_or(|wanted| terms::terms_of(event).contains(&terms::normal(wanted)));
        type_fits && business_fits && entity_fits
    }
}

/// Runs it.
pub async fn run(ops: &Ops, command: Events) -> Result<()> {
    match command {
        Events::List { stream, filter, limit } => {
            let mut rows = Vec::new();
            let js = jetstream::new(ops.nats().await?);
            scan(&js, &stream, &filter, false, |row| {
                rows.push(row.masked());
                Ok(rows.len() < limit)
            })
            .await?;
            ops.out.rows(&["sequence", "at", "type", "subject"], &rows, cells)
        }
        Events::Show { stream, sequence, reveal } => show(ops, &stream, sequence, reveal).await,
        Events::Tail { stream, filter } => {
            let js = jetstream::new(ops.nats().await?);
            scan(&js, &stream, &filter, true, |row| {
                let row = row.masked();
                if ops.out.json {
                    ops.out.line(&row)?;
                } else {
                    ops.out.tell(&cells(&row).join("  "));
                }
                Ok(true)
            })
            .await
        }
        Events::Replay(replay) => events_replay::run(ops, replay).await,
    }
}

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.sequence.to_string(),
        time::shown(row.at),
        or_dash(row.event_type.as_deref()),
        row.subject.clone(),
    ]
}

/// Gives every event that the filter finds to `each`, in order, until it says no; with
/// `tail` those that come from now on, for ever.
pub async fn scan(
    js: &jetstream::Context,
    stream: &str,
    filter: &Filter,
    tail: bool,
    mut each: impl FnMut(Row) -> Result<bool>,
) -> Result<()> {
    let now = clock::system().now();
    let found = js.get_stream(stream.to_uppercase()).await.map_err(|_| Failed::NotFound("stream"))?;
    let last = found.cached_info().state.last_sequence;
    if !tail && found.cached_info().state.messages == 0 {
        return Ok(());
    }
    let from = filter.from.map(|when| when.at(now));
    let to = filter.to.map(|when| when.at(now));
    let deliver_policy = match from {
        _ if tail => DeliverPolicy::New,
        Some(from) => DeliverPolicy::ByStartTime {
            start_time: async_nats::datetime::DateTime::from_unix_timestamp(from.timestamp())?,
        },
        None => DeliverPolicy::All,
    };
    let consumer =
        found.create_consumer(OrderedConfig { deliver_policy, ..OrderedConfig::default() }).await?;
    // Nothing was stored since then: no message would ever come.
    if !tail && consumer.cached_info().num_pending == 0 {
        return Ok(());
    }
    let mut messages = consumer.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let info = message.info().map_err(anyhow::Error::from_boxed)?;
        let at = DateTime::from_timestamp(info.published.unix_timestamp(), info.published.nanosecond())
            .context("the message's time")?;
        let sequence = info.stream_sequence;
        let event: Value = serde_json::from_slice(&message.payload).unwrap_or(Value::Null);
        let within = from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to);
        if within && filter.holds(&event) {
            let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
            let row = Row {
                sequence,
                at,
                subject: message.subject.to_string(),
                event_id: text("id"),
                event_type: text("type"),
            };
            if !each(row)? {
                return Ok(());
            }
        }
        if !tail && (sequence >= last || to.is_some_and(|to| at >= to)) {
            return Ok(());
        }
    }
    Ok(())
}

async fn show(ops: &Ops, stream: &str, sequence: u64, reveal: bool) -> Result<()> {
    let js = jetstream::new(ops.nats().await?);
    let found = js.get_stream_no_info(stream.to_uppercase()).await.map_err(|_| Failed::NotFound("stream"))?;
    let message = found.get_raw_message(sequence).await.map_err(|_| Failed::NotFound("event"))?;
    let event: Value = serde_json::from_slice(&message.payload).unwrap_or(Value::Null);
    if reveal {
        let id = format!("{}:{sequence}", stream.to_uppercase());
        note_reveal(ops, &ops.database().await?, ("event.reveal", "event", &id)).await?;
    }
    let headers: Vec<_> = message
        .headers
        .iter()
        .flat_map(|(name, values)| {
            values.iter().map(move |value| {
                let value = value.as_str();
                (name.to_string(), if reveal { value.to_owned() } else { mask::sentence(value) })
            })
        })
        .collect();
    let subject = message.subject.to_string();
    ops.out.value(&serde_json::json!({
        "stream": stream.to_uppercase(),
        "sequence": sequence,
        "subject": if reveal { subject } else { mask::sentence(&subject) },
        "headers": headers,
        "bytes": message.payload.len(),
        "event": if reveal { event } else { mask::event(&event) },
    }))
}

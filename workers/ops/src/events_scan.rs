//! Looking through a stream.

use anyhow::{Context as _, Result};
use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
};
use chrono::{DateTime, Utc};
use clap::Args;
use futures_util::StreamExt as _;
use prosaas_dead_letters::terms;
use prosaas_events::mask;
use prosaas_platform::clock;
use serde::Serialize;
use serde_json::Value;

use super::{
    exit::Failed,
    time::{self, When},
};

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
    #[must_use]
    pub fn masked(self) -> Self {
        Self {
            subject: mask::sentence(&self.subject),
            event_id: self.event_id.as_deref().map(mask::sentence),
            ..self
        }
    }
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

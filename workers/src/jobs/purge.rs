//! Streams have no `max_age`: what nobody has read must not vanish. What every
//! consumer has acknowledged, and is older than 30 days, goes. Of domain events, which
//! only tell what Postgres knows, also what has no consumer.

use async_nats::jetstream;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt as _;
use prosaas_events::subjects::Stream;

use crate::runtime::Cause;

/// How long acknowledged events stay, days.
const KEPT_DAYS: i64 = 30;

/// Purges one stream; returns how many events went. Another stream than `EVENTS` that nobody reads keeps all.
pub async fn purge(context: &jetstream::Context, stream: &str, now: DateTime<Utc>) -> Result<u64, Cause> {
    let found = context.get_stream(stream).await?;
    let state = &found.cached_info().state;
    if state.messages == 0 {
        return Ok(0);
    }
    let (first, last) = (state.first_sequence, state.last_sequence);
    let consumers: Vec<jetstream::consumer::Info> = found.consumers().try_collect().await?;
    let read = consumers.iter().map(|c| c.ack_floor.stream_sequence).min();
    let Some(floor) = read.or((stream == Stream::Events.name()).then_some(last)) else { return Ok(0) };
    let oldest_kept = (now - TimeDelta::days(KEPT_DAYS)).timestamp();
    // The first sequence that stays: old ones are a prefix, so halve the rest.
    let (mut low, mut high) = (first, floor.min(last) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        // A gap in the sequence counts as old: what is gone keeps nothing.
        let young = match found.get_raw_message(middle).await {
            Ok(message) => message.time.unix_timestamp() >= oldest_kept,
            Err(error) if is_gap(&error) => false,
            Err(error) => return Err(error.into()),
        };
        if young {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if low <= first {
        return Ok(0);
    }
    Ok(found.purge().sequence(low).await?.purged)
}

fn is_gap(error: &jetstream::stream::RawMessageError) -> bool {
    use jetstream::stream::LastRawMessageErrorKind::NoMessageFound;
    matches!(error.kind(), NoMessageFound)
}

//! `prosaas-ops streams`.

use anyhow::Result;
use async_nats::jetstream;
use prosaas_platform::bus::definitions::Definitions;
use serde::Serialize;

use super::{Ops, output::size};

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    messages: u64,
    bytes: u64,
    /// Where it is full; -1 for never.
    max_bytes: i64,
    first_sequence: u64,
    last_sequence: u64,
    consumers: usize,
    description: String,
}

/// Lists the streams.
pub async fn run(ops: &Ops) -> Result<()> {
    let js = jetstream::new(ops.nats().await?);
    let mut rows = Vec::new();
    for definition in Definitions::embedded()?.streams {
        let stream = js.get_stream(&definition.name).await?;
        let state = &stream.cached_info().state;
        rows.push(Row {
            name: definition.name,
            messages: state.messages,
            bytes: state.bytes,
            max_bytes: stream.cached_info().config.max_bytes,
            first_sequence: state.first_sequence,
            last_sequence: state.last_sequence,
            consumers: state.consumer_count,
            description: definition.description,
        });
    }
    ops.out.rows(
        &["stream", "messages", "size", "full at", "first", "last", "consumers", "what"],
        &rows,
        |row| {
            vec![
                row.name.clone(),
                row.messages.to_string(),
                size(row.bytes),
                u64::try_from(row.max_bytes).map_or_else(|_| "-".to_owned(), size),
                row.first_sequence.to_string(),
                row.last_sequence.to_string(),
                row.consumers.to_string(),
                row.description.clone(),
            ]
        },
    )
}

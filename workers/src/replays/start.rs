//! A replay is asked for: what is in it is chosen now, and never again.

use prosaas_dead_letters::{
    filter::push_selection,
    identity::processed_key,
    list::REPLAYABLE,
    replays::{MAX_RATE, masked_selection},
};
use prosaas_domain::ids::{ReplayId, UserId};
use prosaas_events::selection::{Selection, State};
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::count_changed;
use crate::{
    crm::refusal::{Refusal, Stop},
    runtime::Failure,
    text::storable_json,
};

/// What is asked for.
#[derive(Debug)]
pub struct NewReplay<'a> {
    /// The replay's id.
    pub id: ReplayId,
    /// Why.
    pub reason: &'a str,
    /// Most events a second.
    pub rate: u32,
    /// Who asks: the person, where it is one.
    pub by: Option<UserId>,
    /// Their name.
    pub by_name: &'a str,
}

/// A replay that has been made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its short name.
    pub number: i64,
    /// How many events.
    pub count: i64,
    /// What is in it, for the audit record.
    pub selection: Value,
}

/// Why events of a stream run, that are no dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They had succeeded, and are to run again.
    History,
    /// A restored database has no mark of them: they run as if they came now.
    Missing,
}

impl Why {
    /// The column's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Missing => "missing",
        }
    }
}

/// An event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its sequence.
    pub sequence: u64,
    /// Its CloudEvents id.
    pub event_id: String,
}

/// Makes a replay of dead letters. Another number than was expected makes none.
pub async fn start(
    connection: &mut PgConnection,
    new: &NewReplay<'_>,
    selection: &Selection,
    expected: i64,
) -> Result<Started, Stop> {
    if selection.state() == State::Replaying {
        return Err(Refusal::invalid("state", "state", "A replay of these is under way.").into());
    }
    let chosen = storable_json(selection).map_err(Failure::fail)?;
    let number = insert(connection, new, "dead_letters", &chosen).await?;
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new(
        "INSERT INTO prosaas.replay_items
            (job_id, position, dead_letter_id, from_state, consumer, processed_key, result, error, settled_at)
         SELECT ",
    );
    query
        .push_bind(new.id.0)
        .push(
            ", row_number() OVER (ORDER BY d.first_died_at, d.id), d.id, d.state, d.consumer,
             d.event_id || coalesce('#' || d.again, ''), CASE WHEN ",
        )
        .push(REPLAYABLE)
        .push(" THEN 'pending' ELSE 'skipped' END, CASE WHEN NOT ")
        .push(REPLAYABLE)
        .push(" THEN 'it cannot be replayed: no worker could read it' END, CASE WHEN NOT ")
        .push(REPLAYABLE)
        .push(" THEN now() END FROM prosaas.dead_letters d WHERE d.state = ")
        .push_bind(selection.state().as_str());
    push_selection(&mut query, selection);
    let count = query.build().execute(&mut *connection).await?.rows_affected();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    if count != expected {
        return Err(count_changed(expected, count).into());
    }
    total(connection, new.id, count).await?;
    Ok(Started { number, count, selection: masked_selection(&chosen) })
}

/// Makes a replay of events of a stream.
pub async fn start_events(
    connection: &mut PgConnection,
    new: &NewReplay<'_>,
    why: Why,
    consumer: &str,
    stream: &str,
    selection: Value,
    events: &[StreamEvent],
) -> Result<Started, Stop> {
    let number = insert(connection, new, why.as_str(), &selection).await?;
    let mut position = 0;
    for part in events.chunks(5000) {
        let sequences = part.iter().map(|event| i64::try_from(event.sequence)).collect::<Result<Vec<_>, _>>();
        let sequences = sequences.map_err(Failure::fail)?;
        let again = (why == Why::History).then_some(number);
        let keys: Vec<_> = part.iter().map(|event| processed_key(&event.event_id, again)).collect();
        sqlx::query!(
            "INSERT INTO prosaas.replay_items
                (job_id, position, consumer, stream, stream_sequence, processed_key, result)
             SELECT $1, $2 + e.place, $3, $4, e.sequence, e.key, 'pending'
             FROM unnest($5::bigint[], $6::text[]) WITH ORDINALITY AS e (sequence, key, place)",
            new.id.0,
            position,
            consumer,
            stream,
            &sequences,
            &keys
        )
        .execute(&mut *connection)
        .await?;
        position += i64::try_from(part.len()).map_err(Failure::fail)?;
    }
    total(connection, new.id, position).await?;
    Ok(Started { number, count: position, selection: masked_selection(&selection) })
}

async fn insert(
    connection: &mut PgConnection,
    new: &NewReplay<'_>,
    kind: &str,
    selection: &Value,
) -> Result<i64, Stop> {
    if new.rate == 0 || new.rate > MAX_RATE {
        let error = format!("rate is 1 to {MAX_RATE} events a second.");
        return Err(Refusal::invalid("rate", "range", &error).into());
    }
    let rate = i32::try_from(new.rate).map_err(Failure::fail)?;
    let number = sqlx::query_scalar!(
        "INSERT INTO prosaas.replay_jobs
            (id, kind, selection, reason, rate, state, total, requested_by, requested_by_name)
         VALUES ($1, $2, $3, $4, $5, 'running', 0, $6, $7)
         RETURNING number",
        new.id.0,
        kind,
        selection,
        new.reason,
        rate,
        new.by.map(|person| person.0),
        new.by_name
    )
    .fetch_one(connection)
    .await?;
    Ok(number)
}

async fn total(connection: &mut PgConnection, id: ReplayId, count: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE prosaas.replay_jobs SET total = $2 WHERE id = $1", id.0, count)
        .execute(connection)
        .await?;
    Ok(())
}

impl Started {
    /// What an audit record tells of it.
    pub fn audit(&self, new: &NewReplay<'_>) -> Value {
        json!({
            "number": self.number, "count": self.count, "selection": self.selection,
            "reason": new.reason, "rate": new.rate,
        })
    }
}

//! Discarding: somebody decides that dead letters are not needed.

use prosaas_dead_letters::filter::push_selection;
use prosaas_events::selection::{Selection, State};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use crate::{
    crm::refusal::{Refusal, Stop},
    replays::count_changed,
};

/// Closes the dead letters of a selection that wait for a person; returns how many.
/// Another number than was expected changes nothing.
pub async fn discard(
    connection: &mut PgConnection,
    selection: &Selection,
    expected: i64,
    reason: &str,
    by: &str,
) -> Result<i64, Stop> {
    if selection.state() != State::New {
        return Err(
            Refusal::invalid("state", "state", "Only what waits for a person can be discarded.").into()
        );
    }
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new(
        "UPDATE prosaas.dead_letters d SET state = 'discarded', settled_at = now(), settled_by = ",
    );
    query.push_bind(by.to_owned()).push(", settled_reason = ").push_bind(reason.to_owned());
    query.push(" WHERE d.state = 'new'");
    push_selection(&mut query, selection);
    let discarded = query.build().execute(connection).await?.rows_affected();
    let discarded = i64::try_from(discarded).unwrap_or(i64::MAX);
    if discarded == expected { Ok(discarded) } else { Err(count_changed(expected, discarded).into()) }
}

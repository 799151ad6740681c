//! For operators: what failed, running it again, and pausing workers. System admins only.

mod count;
mod discard;
mod filter;
mod groups;
mod letter;
mod letters;
pub mod replay;
mod replays;
mod start_replay;
mod workers;

use prosaas_events::selection::{MAX_IDS, Selection};

use crate::{
    http::problem::Problem,
    request::routes::{Description, Routes, routes},
};

/// Longest reason, characters.
const MAX_REASON: usize = 500;

/// The routes `/api/admin/dead-letters`, `/api/admin/replays` and `/api/admin/workers`.
pub fn routes<D: Description>() -> Routes<D> {
    routes![
        letters::list_dead_letters,
        groups::group_dead_letters,
        count::count_dead_letters,
        discard::discard_dead_letters,
        letter::read_dead_letter,
        replays::list_replays,
        start_replay::start_replay,
        replay::read_replay,
        replay::list_replay_items,
        replay::cancel_replay,
        workers::list_workers,
        workers::pause_worker,
        workers::resume_worker,
    ]
}

/// A reason: 1 to 500 characters, blanks around it cut off.
fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let fits = (1..=MAX_REASON).contains(&text.chars().count()) && !text.contains('\0');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Problem::invalid("reason", "length", "A reason has 1 to 500 characters."))
    }
}

/// A selection that the database can look for.
fn selection(selection: Selection) -> Result<Selection, Problem> {
    match &selection {
        Selection::Ids(ids) if ids.is_empty() || ids.len() > MAX_IDS => {
            Err(Problem::invalid("selection.ids", "length", "Name 1 to 1000 dead letters, or a filter."))
        }
        Selection::Filter(filter) => {
            filter::check(filter).map_err(|problem| Problem { status: 422, ..problem })?;
            Ok(selection)
        }
        Selection::Ids(_) => Ok(selection),
    }
}

/// A number that somebody saw.
fn counted(count: i64) -> Result<i64, Problem> {
    if count > 0 {
        return Ok(count);
    }
    Err(Problem::invalid("expected_count", "range", "There is nothing to do: the count is none."))
}

//! For operators: what failed, running it again, and pausing workers. System admins only.

mod count;
mod discard;
mod filter;
mod groups;
mod letter;
mod letters;
pub(super) mod replay;
mod replays;
mod start_replay;
mod workers;

use prosaas_shared::dead_letters::filter::{MAX_IDS, Selection};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, problem::Problem};

/// Longest reason, characters.
const MAX_REASON: usize = 500;

/// The routes `/api/admin/dead-letters`, `/api/admin/replays` and `/api/admin/workers`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(letters::list_dead_letters))
        .routes(routes!(groups::group_dead_letters))
        .routes(routes!(count::count_dead_letters))
        .routes(routes!(discard::discard_dead_letters))
        .routes(routes!(letter::read_dead_letter))
        .routes(routes!(replays::list_replays, start_replay::start_replay))
        .routes(routes!(replay::read_replay))
        .routes(routes!(replay::list_replay_items))
        .routes(routes!(replay::cancel_replay))
        .routes(routes!(workers::list_workers))
        .routes(routes!(workers::pause_worker))
        .routes(routes!(workers::resume_worker))
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

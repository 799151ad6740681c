//! What several of these endpoints are asked with.

use prosaas_events::selection::{MAX_IDS, Selection};

use super::filter;
use crate::http::problem::Problem;

/// Longest reason, characters.
const MAX_REASON: usize = 500;

/// A reason: 1 to 500 characters, blanks around it cut off.
pub(super) fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let fits = (1..=MAX_REASON).contains(&text.chars().count()) && !text.contains('\0');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Problem::invalid("reason", "length", "A reason has 1 to 500 characters."))
    }
}

/// A selection that the database can look for.
pub(super) fn selection(selection: Selection) -> Result<Selection, Problem> {
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
pub(super) fn counted(count: i64) -> Result<i64, Problem> {
    if count > 0 {
        return Ok(count);
    }
    Err(Problem::invalid("expected_count", "range", "There is nothing to do: the count is none."))
}

//! Query parameters that several lists take.

use chrono::{DateTime, Datelike as _, Utc};
use prosaas_domain::{ids::BusinessId, text::search_words};
use serde::Deserialize;

use crate::http::problem::Problem;

/// The parameter of requests on leads, calls and the like; [`crate::request::scope::BusinessScope`]
/// reads it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ScopeQuery {
    /// Which business: required of system admins; others may name only their own.
    #[expect(
        dead_code,
        reason = "read by `BusinessScope`; here so that it is documented and no other is taken"
    )]
    business_id: Option<BusinessId>,
}

/// A text to search or filter by, without blanks around it; none when that is all.
///
/// # Errors
/// 400 when it is longer than `max` characters, or holds what no row can hold.
pub fn text(field: &str, value: Option<&str>, max: usize) -> Result<Option<String>, Problem> {
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else { return Ok(None) };
    if value.chars().count() > max || value.contains('\0') {
        let problem = Problem::invalid(field, "length", format!("{field} has at most {max} characters."));
        return Err(Problem { status: 400, ..problem });
    }
    Ok(Some(value.to_owned()))
}

/// The folded words of a search, in each form that is compared; none where there is none.
///
/// # Errors
/// As of [`text`].
pub fn words(field: &str, value: Option<&str>, max: usize) -> Result<Option<Vec<String>>, Problem> {
    let words = text(field, value, max)?.map(|asked| search_words(&asked));
    Ok(words.filter(|words| !words.is_empty()))
}

/// A time to filter by.
///
/// # Errors
/// 400 when it lies outside of the years 1 to 9999, which no row holds.
pub fn moment(field: &str, at: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    if (1..=9999).contains(&at.year()) {
        return Ok(at);
    }
    let problem = Problem::invalid(field, "range", format!("{field} lies outside of the years 1 to 9999."));
    Err(Problem { status: 400, ..problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_text_is_none() {
        assert_eq!(text("q", Some("  "), 3), Ok(None));
        assert_eq!(text("q", Some(" דנה "), 3), Ok(Some("דנה".to_owned())));
        assert!(text("q", Some("abcd"), 3).is_err());
        assert!(text("q", Some("a\0"), 3).is_err());
    }
}

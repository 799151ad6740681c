//! Versions as entity tags (RFC 9110, sections 8.8.3 and 13.1.1).

use axum::extract::FromRequestParts;
use http::{HeaderValue, StatusCode, header, request::Parts};

use crate::http::problem::Problem;

/// `ETag` of a version: `"7"`.
pub fn entity_tag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// `If-Match`: the version that a writer saw. Without it nothing is changed, so that
/// nobody overwrites what they have not seen (RFC 6585, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Box<str>);

impl IfMatch {
    /// Checks the version that is there now, and returns it as the expected one.
    ///
    /// # Errors
    /// 412 when it is another one.
    pub fn matches(&self, current: i64) -> Result<i64, Problem> {
        let wanted = format!("\"{current}\"");
        // Weak tags never match here: `W/"7"` is another text than `"7"`.
        let fits = self.0.split(',').map(str::trim).any(|tag| tag == "*" || tag == wanted);
        if fits { Ok(current) } else { Err(stale()) }
    }

    /// The version that it names, where it names just one: of a request that was sent
    /// before, the version that is there now says nothing.
    pub fn version(&self) -> Option<i64> {
        self.0.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok()
    }
}

/// Another version is there.
fn stale() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "/problems/version",
        "Changed meanwhile",
        "Somebody else has changed this meanwhile. Load it again and repeat your change.",
    )
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let values: Vec<_> =
            parts.headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok()).collect();
        if values.is_empty() {
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "/problems/precondition-required",
                "If-Match is missing",
                "Say by If-Match which version you are changing: the ETag of the last answer.",
            ));
        }
        Ok(Self(values.join(",").into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_strong_tag_of_the_version_matches() {
        let check = |text: &str| IfMatch(text.into()).matches(7).map_err(|problem| problem.status);
        for good in ["\"7\"", "*", "\"6\", \"7\"", " \"7\" "] {
            assert_eq!(check(good), Ok(7), "{good}");
        }
        for bad in ["\"8\"", "W/\"7\"", "7", "", "\"\"", "\"17\""] {
            assert_eq!(check(bad), Err(412), "{bad}");
        }
        assert_eq!(IfMatch("\"7\"".into()).version(), Some(7));
        assert_eq!(IfMatch("*".into()).version(), None);
        assert_eq!(entity_tag(7), "\"7\"");
    }
}

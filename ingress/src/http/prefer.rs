//! `Prefer: wait=N` (RFC 7240): how long the client would wait for the outcome.

use std::time::Duration;

use http::HeaderMap;

/// Longest wait, seconds; who asks for more gets this.
pub const MAX_WAIT_S: u64 = 30;

/// How long to wait for an operation to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    seconds: u64,
}

impl Wait {
    /// Seconds, at most [`MAX_WAIT_S`].
    pub fn seconds(seconds: u64) -> Self {
        Self { seconds: seconds.min(MAX_WAIT_S) }
    }

    /// Reads the header. A preference that cannot be read is none (RFC 7240, section 2).
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .find_map(|preference| {
                let (name, value) = preference.split(';').next()?.split_once('=')?;
                let value = value.trim().trim_matches('"');
                name.trim().eq_ignore_ascii_case("wait").then(|| value.parse().ok().map(Self::seconds))?
            })
    }

    /// The time.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// `Preference-Applied`.
    pub fn applied(self) -> String {
        format!("wait={}", self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<u64> {
        let headers = [("prefer".parse().unwrap(), text.parse().unwrap())].into_iter().collect();
        Wait::from_headers(&headers).map(|wait| wait.seconds)
    }

    #[test]
    fn the_grammar_of_rfc_7240() {
        assert_eq!(parse("wait=5"), Some(5));
        assert_eq!(parse("respond-async, WAIT = \"7\" ;x=y"), Some(7));
        assert_eq!(parse("wait=600"), Some(MAX_WAIT_S));
        for none in ["", "wait", "wait=", "wait=-1", "wait=soon", "respond-async"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }
}

//! `Range` of bytes (RFC 9110, section 14).

use http::{HeaderMap, header};

/// What of a thing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// Bytes from the first to behind the last.
    Part {
        /// The first byte.
        start: u64,
        /// Behind the last byte.
        end: u64,
    },
    /// A range that it does not have.
    Nothing,
}

/// Reads `Range`, unless `If-Range` names another version than `etag`. A header that
/// is not well formed, of another unit or of several ranges counts as none, as the RFC
/// allows: a player asks for one.
pub fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Wanted {
    let mut ranges = headers.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return Wanted::Whole };
    let same = headers.get(header::IF_RANGE).is_none_or(|version| version.as_bytes() == etag.as_bytes());
    if !same {
        return Wanted::Whole;
    }
    range.to_str().ok().and_then(|text| parse(text, size)).unwrap_or(Wanted::Whole)
}

fn parse(text: &str, size: u64) -> Option<Wanted> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (start, end) = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(suffix)) => (size.saturating_sub(suffix), if suffix == 0 { 0 } else { size }),
        (Some(first), None) => (first, size),
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), Some(last)) => (first, last.saturating_add(1).min(size)),
    };
    Some(if start < end { Wanted::Part { start, end } } else { Wanted::Nothing })
}

/// An empty text is no number; anything else but digits spoils the header. More than
/// fits is as much as fits.
#[expect(clippy::option_option, reason = "spoilt, absent and a number are three things")]
fn number(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str) -> Wanted {
        wanted(&[(header::RANGE, range.parse().unwrap())].into_iter().collect(), 10, "\"v\"")
    }

    #[test]
    fn the_cases_of_the_rfc() {
        let part = |start, end| Wanted::Part { start, end };
        for (text, expected) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=0-", part(0, 10)),
            ("bytes=2-5", part(2, 6)),
            ("bytes=9-99", part(9, 10)),
            ("bytes=-3", part(7, 10)),
            ("bytes=-99", part(0, 10)),
            ("Bytes = 1-2", part(1, 3)),
            ("bytes=5-99999999999999999999999", part(5, 10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("items=0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_part_is_of_the_version_that_the_client_has() {
        let headers = |version: &str| {
            [(header::RANGE, "bytes=1-2"), (header::IF_RANGE, version)]
                .into_iter()
                .map(|(name, value)| (name, value.parse().unwrap()))
                .collect::<HeaderMap>()
        };
        assert_eq!(wanted(&headers("\"v\""), 10, "\"v\""), Wanted::Part { start: 1, end: 3 });
        assert_eq!(wanted(&headers("\"w\""), 10, "\"v\""), Wanted::Whole);
        assert_eq!(wanted(&headers("W/\"v\""), 10, "\"v\""), Wanted::Whole);
        assert_eq!(wanted(&HeaderMap::new(), 10, "\"v\""), Wanted::Whole);
    }

    #[test]
    fn an_empty_thing_has_no_part() {
        let headers = [(header::RANGE, "bytes=0-".parse().unwrap())].into_iter().collect();
        assert_eq!(wanted(&headers, 0, "\"v\""), Wanted::Nothing);
    }
}

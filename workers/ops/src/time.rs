//! Times on the command line: RFC 3339, or how long ago.

use chrono::{DateTime, TimeDelta, Utc};

/// Reads `2026-01-31T08:00:00Z`, `2026-01-31`, or `90s`, `30m`, `2h`, `7d` ago.
pub fn parse(text: &str) -> Result<When, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(When::At(at.to_utc()));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(&format!("{text}T00:00:00Z")) {
        return Ok(When::At(at.to_utc()));
    }
    let ago = text.char_indices().next_back().and_then(|(at, unit)| {
        let number: i64 = text.get(..at)?.parse().ok().filter(|number| (0..=1_000_000).contains(number))?;
        match unit {
            's' => Some(TimeDelta::seconds(number)),
            'm' => Some(TimeDelta::minutes(number)),
            'h' => Some(TimeDelta::hours(number)),
            'd' => Some(TimeDelta::days(number)),
            _ => None,
        }
    });
    ago.map(When::Ago)
        .ok_or_else(|| "a time is 2026-01-31T08:00:00Z, 2026-01-31, or 30m, 2h, 7d (ago)".to_owned())
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// By the calendar.
    At(DateTime<Utc>),
    /// Before now.
    Ago(TimeDelta),
}

impl When {
    /// The time, seen from now.
    pub fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now - ago,
        }
    }
}

/// How a table shows a time.
pub fn shown(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// How long something has lasted, in its largest unit.
pub fn age(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        let ages = [-1, 0, 119, 120, 7199, 7200, 172_800].map(|s| age(TimeDelta::seconds(s)));
        assert_eq!(ages, ["0s", "0s", "119s", "2m", "119m", "2h", "2d"]);
    }

    #[test]
    fn times_are_read_in_three_ways() -> Result<(), String> {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(10);
        assert_eq!(parse("2h")?.at(now), now - TimeDelta::hours(2));
        assert_eq!(parse("1970-01-02")?.at(now), DateTime::UNIX_EPOCH + TimeDelta::days(1));
        assert_eq!(parse("1970-01-01T00:00:05Z")?.at(now), DateTime::UNIX_EPOCH + TimeDelta::seconds(5));
        for bad in ["", "yesterday", "-2h", "2w", "99999999999d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        Ok(())
    }
}

//! The machine's clock beside those that others have.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{self, HeaderMap};

use super::finding::{Area, Finding};

const AREA: Area = Area("clock");

/// More than this is told. Half of what our own signed calls bear, and enough for a
/// `Date` header, which has whole seconds and may wait in a slow answer.
const MOST: TimeDelta = TimeDelta::seconds(30);

/// What a check gives: findings, and a foreign clock where it met one.
pub type Seen = (Vec<Finding>, Option<Reading>);

/// A foreign clock, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whose it is.
    pub whose: &'static str,
    /// How far ours is ahead of it.
    pub ahead: TimeDelta,
}

impl Reading {
    /// Of a `Date` header that came while our clock went from `asked` to `answered`.
    pub fn of_header(
        whose: &'static str,
        headers: &HeaderMap,
        asked: DateTime<Utc>,
        answered: DateTime<Utc>,
    ) -> Option<Self> {
        let text = headers.get(header::DATE)?.to_str().ok()?;
        let theirs = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
        Some(Self::new(whose, theirs, asked, answered))
    }

    /// Their time, read somewhere between the two times of ours.
    pub fn new(
        whose: &'static str,
        theirs: DateTime<Utc>,
        asked: DateTime<Utc>,
        answered: DateTime<Utc>,
    ) -> Self {
        // Between the two nothing is known: only what lies outside counts.
        let ahead = if theirs < asked {
            asked - theirs
        } else if theirs > answered {
            answered - theirs
        } else {
            TimeDelta::zero()
        };
        Self { whose, ahead }
    }
}

/// Compares each.
pub fn check(readings: &[Reading]) -> Vec<Finding> {
    if readings.is_empty() {
        return vec![AREA.skipped("time of day", "nobody told another time")];
    }
    readings.iter().map(judge).collect()
}

fn judge(reading: &Reading) -> Finding {
    let seconds = reading.ahead.num_seconds();
    let found = match seconds {
        -1..=1 => "the same".to_owned(),
        2.. => format!("ours is {seconds} s ahead"),
        _ => format!("ours is {} s behind", seconds.unsigned_abs()),
    };
    let check = format!("against {}", reading.whose);
    if reading.ahead.abs() <= MOST {
        return AREA.ok(check, found);
    }
    AREA.broken(check, found, "set this machine's clock by the network: `timedatectl set-ntp true`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Outcome;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        assert_eq!(Reading::new("x", at(20), at(0), at(40)).ahead, TimeDelta::zero());
        assert_eq!(Reading::new("x", at(0), at(10), at(15)).ahead, TimeDelta::seconds(10));
        assert_eq!(Reading::new("x", at(20), at(10), at(15)).ahead, TimeDelta::seconds(-5));
    }

    #[test]
    fn a_header_is_read_and_half_a_minute_is_too_much() {
        let headers =
            HeaderMap::from_iter([(header::DATE, "Fri, 15 Jan 2027 08:00:00 GMT".parse().unwrap())]);
        let outcome = |ours: i64| {
            let reading = Reading::of_header("Twilio", &headers, at(ours), at(ours)).unwrap();
            check(&[reading]).remove(0).outcome
        };
        assert_eq!(outcome(30), Outcome::Ok);
        assert_eq!(outcome(31), Outcome::Broken);
        assert_eq!(outcome(-31), Outcome::Broken);
        assert_eq!(Reading::of_header("Twilio", &HeaderMap::new(), at(0), at(0)), None);
        assert_eq!(check(&[]).remove(0).outcome, Outcome::Skipped);
    }
}

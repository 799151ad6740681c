//! Guessing passwords is slow, and nobody else can lock a person out.
//!
//! Failures are counted in Postgres, for all ingress instances alike:
//! - per account *and* place: from the sixth on, each wait is twice the last, up to
//!   15 minutes. A place is a network, and of strangers' IPv6 addresses a site's /48;
//! - per account, by all places from which it was not used in the last 90 days: after 20
//!   the account is *under attack*, and every such place has one free attempt, then waits
//!   one minute, two, four, up to an hour;
//! - per network, for any account: from the fifty-first on, waits up to 5 minutes.
//!
//! Each place waits for its own failures alone. So a crowd of strangers cannot keep the
//! owner out: their own places are not touched, and at a new one the right password is
//! looked at at once, or within a minute of a wrong one. What a crowd can guess is bounded
//! by its places: one attempt each, then about 30 a day; and by the hashing, which does
//! one attempt of strangers on an account at a time (`passwords`). Whoever shares the
//! guesser's own network waits with them; a reset by mail lifts that.
//!
//! An attempt is counted before its password is looked at, so that many at once gain
//! nothing, and one that is told to wait is not counted.

use std::{net::IpAddr, time::Duration};

use prosaas_domain::email;
use sqlx::PgPool;

use crate::http::{
    client_address::{network, site},
    keys::digest,
    problem::Problem,
};

/// A place is known for so many days after the account was last used there.
pub const KNOWN_PLACE_DAYS: i32 = 90;

/// After so long without a failure an old one counts for nothing.
const QUIET: Duration = Duration::from_hours(24);

/// More failures of strangers than this are an attack on the account.
const CALM: u32 = 20;

/// How failures make the next attempt wait: not while they are few, then each wait is
/// twice the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    free: u32,
    first: Duration,
    longest: Duration,
}

const OWN: Rule = Rule { free: 5, first: Duration::from_secs(2), longest: Duration::from_mins(15) };
const UNDER_ATTACK: Rule = Rule { free: 1, first: Duration::from_mins(1), longest: Duration::from_hours(1) };
const NETWORK: Rule = Rule { free: 50, first: Duration::from_secs(2), longest: Duration::from_mins(5) };

impl Rule {
    /// How long after the last of so many failures the next attempt may come.
    fn delay(self, failures: u32) -> Duration {
        match failures.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(over) => {
                self.first.saturating_mul(1_u32.checked_shl(over).unwrap_or(u32::MAX)).min(self.longest)
            }
        }
    }
}

/// Whose failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Place,
    Strangers,
    Network,
}

/// One count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Counter {
    key: String,
    of: Of,
}

/// An attempt that was counted as failed until it turns out otherwise.
#[derive(Debug)]
pub struct Attempt {
    counters: Vec<Counter>,
}

fn key(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    hex::encode(digest(&parts))
}

fn strangers_key(email: &str) -> String {
    key(&["account", &email::fold(email)])
}

fn place_key(email: &str, ip: IpAddr, known_place: bool) -> String {
    let place = if known_place { network(ip) } else { site(ip) };
    key(&["pair", &email::fold(email), &place.to_string()])
}

fn counters(email: &str, ip: IpAddr, known_place: bool) -> Attempt {
    let mut counters = vec![Counter { key: place_key(email, ip, known_place), of: Of::Place }];
    if !known_place {
        counters.push(Counter { key: strangers_key(email), of: Of::Strangers });
        counters.push(Counter { key: key(&["network", &network(ip).to_string()]), of: Of::Network });
    }
    // One order everywhere: two attempts cannot wait for each other.
    counters.sort();
    Attempt { counters }
}

/// How long an attempt must still wait after these failures: of whom, how many, how long ago.
fn wait(seen: &[(Of, u32, Duration)]) -> Duration {
    let attacked = seen.iter().any(|(of, failures, _)| *of == Of::Strangers && *failures > CALM);
    let each = seen.iter().map(|(of, failures, age)| match of {
        Of::Place if attacked => UNDER_ATTACK.delay(*failures).saturating_sub(*age),
        Of::Place => OWN.delay(*failures).saturating_sub(*age),
        Of::Network => NETWORK.delay(*failures).saturating_sub(*age),
        // A shared wait would be everybody's to renew, and the owner's to sit out.
        Of::Strangers => Duration::ZERO,
    });
    each.max().unwrap_or_default()
}

/// Counts an attempt, or says how long to wait.
pub async fn begin(
    database: &PgPool,
    email: &str,
    ip: IpAddr,
    known_place: bool,
) -> Result<Attempt, Problem> {
    let attempt = counters(email, ip, known_place);
    let mut transaction = database.begin().await?;
    let mut seen = Vec::new();
    for counter in &attempt.counters {
        // The update changes nothing; it takes the row's lock and brings the row back.
        let row = sqlx::query!(
            r#"INSERT INTO prosaas.login_attempts AS a (key, failures, last_failure_at)
               VALUES ($1, 0, to_timestamp(0))
               ON CONFLICT (key) DO UPDATE SET key = a.key
               RETURNING failures, extract(epoch FROM clock_timestamp() - last_failure_at)::float8 AS "age!""#,
            counter.key
        )
        .fetch_one(&mut *transaction)
        .await?;
        let age = Duration::try_from_secs_f64(row.age).unwrap_or_default();
        let failures = if age > QUIET { 0 } else { u32::try_from(row.failures).unwrap_or(0) };
        seen.push((counter.of, failures, age));
    }
    let wait = wait(&seen);
    if !wait.is_zero() {
        metrics::counter!("prosaas_logins_throttled_total").increment(1);
        return Err(slowed().retry_after(wait));
    }
    for (counter, (_, failures, _)) in attempt.counters.iter().zip(&seen) {
        sqlx::query!(
            "UPDATE prosaas.login_attempts SET failures = $2, last_failure_at = clock_timestamp() WHERE key = $1",
            counter.key,
            i32::try_from(failures.saturating_add(1)).unwrap_or(i32::MAX)
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(attempt)
}

fn slowed() -> Problem {
    Problem::new(
        http::StatusCode::TOO_MANY_REQUESTS,
        "/problems/login-slowed",
        "Please wait",
        "There were too many failed attempts. Please wait before the next one, or reset the password.",
    )
}

impl Attempt {
    /// The password was right: the account's failures are forgotten. The network's stay,
    /// less this one: an account of one's own must not pay for guessing at others'.
    pub async fn succeeded(&self, database: &PgPool) -> Result<(), Problem> {
        let mut transaction = database.begin().await?;
        for counter in &self.counters {
            if counter.of == Of::Network {
                sqlx::query!(
                    "UPDATE prosaas.login_attempts SET failures = greatest(failures - 1, 0) WHERE key = $1",
                    counter.key
                )
                .execute(&mut *transaction)
                .await?;
            } else {
                sqlx::query!("DELETE FROM prosaas.login_attempts WHERE key = $1", counter.key)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Forgets the failures of an account, from everywhere and from this network: its
/// person proved to own its mailbox.
pub async fn forgive(
    connection: &mut sqlx::PgConnection,
    email: &str,
    ip: IpAddr,
) -> Result<(), sqlx::Error> {
    let keys = [strangers_key(email), place_key(email, ip, true), place_key(email, ip, false)];
    sqlx::query!("DELETE FROM prosaas.login_attempts WHERE key = ANY($1)", &keys[..])
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::ZERO;

    #[test]
    fn waits_double_up_to_a_limit() {
        let waits = |rule: Rule, failures: std::ops::Range<u32>| {
            failures.map(|failures| rule.delay(failures).as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(waits(OWN, 3..9), [0, 0, 2, 4, 8, 16]);
        assert_eq!(waits(UNDER_ATTACK, 0..9), [0, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        for rule in [OWN, UNDER_ATTACK, NETWORK] {
            assert_eq!(rule.delay(100), rule.longest);
            assert_eq!(rule.delay(u32::MAX), rule.longest);
        }
    }

    #[test]
    fn strangers_make_strangers_wait_longer_and_nobody_wait_for_them() {
        let long_ago = Duration::from_hours(1);
        assert_eq!(wait(&[(Of::Place, 0, long_ago), (Of::Strangers, 1_000_000, MOMENT)]), MOMENT);
        let once_wrong = |strangers| wait(&[(Of::Place, 1, MOMENT), (Of::Strangers, strangers, MOMENT)]);
        assert_eq!(once_wrong(CALM), MOMENT);
        assert_eq!(once_wrong(CALM + 1), Duration::from_mins(1), "within a minute of a wrong one");
    }

    #[test]
    fn a_known_place_is_slowed_only_by_its_own_failures() {
        let ip = "203.0.113.9".parse().unwrap();
        assert_eq!(counters("Dana@shop.example", ip, true).counters.len(), 1);
        let strange = counters("dana@SHOP.example", ip, false);
        assert_eq!(strange.counters.len(), 3);
        assert!(strange.counters.contains(&counters("Dana@shop.example", ip, true).counters[0]));
        assert!(strange.counters.iter().all(|c| c.key.len() == 64 && !c.key.contains("dana")));
    }

    #[test]
    fn a_site_of_ipv6_is_one_place() {
        let key = |ip: &str, known| place_key("dana@shop.example", ip.parse().unwrap(), known);
        assert_eq!(key("2001:db8:1:2::1", false), key("2001:db8:1:ffff::1", false));
        assert_ne!(key("2001:db8:1:2::1", false), key("2001:db8:2:2::1", false));
        assert_ne!(key("2001:db8:1:2::1", true), key("2001:db8:1:ffff::1", true));
    }
}

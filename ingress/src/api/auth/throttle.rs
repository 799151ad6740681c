//! Guessing passwords is slow, and nobody else can lock a person out.
//!
//! Failures are counted three ways, on every ingress alike:
//! - per account *and* network: from the sixth on, each wait is twice the last, up to
//!   15 minutes;
//! - per account, from anywhere: from the twenty-first on, waits up to a minute;
//! - per network, for any account: from the fifty-first on, waits up to 5 minutes.
//!
//! The last two slow only networks from which the account was not used in the last 90
//! days. So a crowd of strangers makes strangers wait and leaves the owner's own
//! places alone; from a new place the owner waits a minute at most, or resets the
//! password by mail, which lifts it. An attempt is counted before its password is
//! looked at, so that many at once gain nothing, and one that is told to wait is not
//! counted.

use std::{net::IpAddr, time::Duration};

use sqlx::PgPool;

use crate::{
    api::{client::network, keys::digest},
    problem::Problem,
};

/// After so long without a failure an old one counts for nothing.
const QUIET: Duration = Duration::from_hours(24);

/// One way of counting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Counter {
    key: String,
    free: u32,
    longest: Duration,
}

/// An attempt that was counted as failed until it turns out otherwise.
#[derive(Debug)]
pub struct Attempt {
    counters: Vec<Counter>,
    account: [String; 2],
}

fn key(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    hex::encode(digest(&parts))
}

fn account_key(email: &str) -> String {
    key(&["account", &email.to_lowercase()])
}

fn counters(email: &str, ip: IpAddr, known_place: bool) -> Attempt {
    let (account, network) = (email.to_lowercase(), network(ip).to_string());
    let pair = key(&["pair", &account, &network]);
    let mut counters = vec![Counter { key: pair.clone(), free: 5, longest: Duration::from_mins(15) }];
    if !known_place {
        counters.push(Counter { key: account_key(email), free: 20, longest: Duration::from_mins(1) });
        counters.push(Counter {
            key: key(&["network", &network]),
            free: 50,
            longest: Duration::from_mins(5),
        });
    }
    // One order everywhere: two attempts cannot wait for each other.
    counters.sort();
    Attempt { counters, account: [pair, account_key(email)] }
}

/// How long after the last of so many failures the next attempt may come.
fn delay(failures: u32, free: u32, longest: Duration) -> Duration {
    match failures.checked_sub(free) {
        None => Duration::ZERO,
        Some(over) => {
            Duration::from_secs(1_u64.checked_shl(over.saturating_add(1)).unwrap_or(u64::MAX)).min(longest)
        }
    }
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
        let wait = delay(failures, counter.free, counter.longest).saturating_sub(age);
        if !wait.is_zero() {
            metrics::counter!("prosaas_logins_throttled_total").increment(1);
            return Err(Problem { status: 429, ..slowed() }.retry_after(wait));
        }
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
            if self.account.contains(&counter.key) {
                sqlx::query!("DELETE FROM prosaas.login_attempts WHERE key = $1", counter.key)
                    .execute(&mut *transaction)
                    .await?;
            } else {
                sqlx::query!(
                    "UPDATE prosaas.login_attempts SET failures = greatest(failures - 1, 0) WHERE key = $1",
                    counter.key
                )
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
    let keys = counters(email, ip, true).account;
    sqlx::query!("DELETE FROM prosaas.login_attempts WHERE key = ANY($1)", &keys[..])
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let longest = Duration::from_mins(15);
        let waits: Vec<u64> = (3..9).map(|failures| delay(failures, 5, longest).as_secs()).collect();
        assert_eq!(waits, [0, 0, 2, 4, 8, 16]);
        assert_eq!(delay(100, 5, longest), longest);
        assert_eq!(delay(u32::MAX, 5, longest), longest);
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
}

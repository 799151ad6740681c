//! Why an event was not applied, told by what happens next.

use std::{error::Error, time::Duration};

use prosaas_events::dead_letter::DeadReason;
use prosaas_platform::store::fault_of_setting;

use super::Delivery;

/// The cause of a failure, with its own causes behind it.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Deliveries of an event whose data Postgres refuses. The second and third are for what it met
/// there, which may have changed; more would only hide the fault from operators.
const REFUSED_ATTEMPTS: u64 = 3;

/// An event whose entity is missing waits for it for a minute: ten seconds, six times.
pub(super) const MISSING_PAUSE: Duration = Duration::from_secs(10);
const MISSING_ATTEMPTS: u64 = 6;

/// What happens to an event that was not applied.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something that every event needs is away. The event waits in place until
    /// it is back, however long that takes, and this does not count.
    #[error("a dependency is away")]
    Down(#[source] Cause),
    /// Another transaction was in the way: run again at once, a few times.
    #[error("another transaction was in the way")]
    Conflict(#[source] Cause),
    /// This event failed, and may succeed later. Counted.
    #[error("it may succeed later")]
    Retry {
        /// How long to wait; by the policy's schedule when absent.
        after: Option<Duration>,
        /// Why it failed.
        #[source]
        cause: Cause,
    },
    /// What the event belongs to has not come yet: order is promised nowhere. Counted, tried
    /// again for a minute.
    #[error("what it belongs to is missing")]
    Missing(#[source] Cause),
    /// A row with the same key came in between: run again at once, once, to decide on what is
    /// there now. What meets it again is refused.
    #[error("there is a row with the same key")]
    Taken(#[source] Cause),
    /// The database refuses what the event brings. Counted, tried three times.
    #[error("the database refuses it")]
    Refused(#[source] Cause),
    /// Trying again cannot help.
    #[error("trying again cannot help")]
    Fail(#[source] Cause),
}

impl Failure {
    /// This event failed, and may succeed later, by the policy's schedule.
    pub fn retry(cause: impl Into<Cause>) -> Self {
        Self::Retry { after: None, cause: cause.into() }
    }

    /// Trying again cannot help.
    pub fn fail(cause: impl Into<Cause>) -> Self {
        Self::Fail(cause.into())
    }

    /// Why this delivery is the event's last one, if it is.
    pub fn ends(&self, delivery: &Delivery) -> Option<DeadReason> {
        let attempt = delivery.attempt;
        match self {
            Self::Down(_) => None,
            Self::Fail(_) => Some(DeadReason::Permanent),
            Self::Taken(_) | Self::Refused(_) => {
                (delivery.last || attempt >= REFUSED_ATTEMPTS).then_some(DeadReason::Permanent)
            }
            Self::Missing(_) => {
                (delivery.last || attempt > MISSING_ATTEMPTS).then_some(DeadReason::Exhausted)
            }
            Self::Retry { .. } | Self::Conflict(_) => delivery.last.then_some(DeadReason::Exhausted),
        }
    }

    /// The same for work that must never be given up: counted, and tried for ever.
    #[must_use]
    pub fn for_ever(self) -> Self {
        match self {
            Self::Missing(cause) | Self::Taken(cause) | Self::Refused(cause) => Self::retry(cause),
            other => other,
        }
    }
}

/// The messages of an error and of each cause behind it, outermost first.
pub(super) fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut messages = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if messages.last() != Some(&message) {
            messages.push(message);
        }
        next = cause.source();
    }
    messages
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match kind(&error) {
            // Named by the setting, where only a person who changes it ends the outage.
            Kind::Down => Self::Down(match fault_of_setting(&error) {
                Some(fault) => fault.into(),
                None => error.into(),
            }),
            Kind::Conflict => Self::Conflict(error.into()),
            Kind::Missing => Self::Missing(error.into()),
            Kind::Taken => Self::Taken(error.into()),
            Kind::Refused => Self::Refused(error.into()),
            Kind::Event => Self::retry(error),
        }
    }
}

/// Whether Postgres is away, or takes nothing from anybody.
pub fn is_away(error: &sqlx::Error) -> bool {
    kind(error) == Kind::Down
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Down,
    Conflict,
    Missing,
    Taken,
    Refused,
    Event,
}

fn kind(error: &sqlx::Error) -> Kind {
    use sqlx::Error::{Database, Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
    match error {
        Io(_) | Tls(_) | Protocol(_) | PoolTimedOut | PoolClosed | WorkerCrashed => Kind::Down,
        Database(database) => database.code().map_or(Kind::Event, |code| kind_of_sqlstate(&code)),
        _ => Kind::Event,
    }
}

/// By <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn kind_of_sqlstate(code: &str) -> Kind {
    match code {
        // Serialization failure, deadlock, lock not available, statement timeout.
        "40001" | "40P01" | "55P03" | "57014" => Kind::Conflict,
        // Disk full, too many connections, limit exceeded; read-only after a
        // failover; wrong password, database missing: a person must act, and no
        // event is at fault. The memory of one query (53200) is its own matter.
        "53000" | "53100" | "53300" | "53400" | "25006" | "28000" | "28P01" | "3D000" => Kind::Down,
        // Connection exceptions; shutdowns, crashes, "cannot connect now"; I/O errors.
        code if code.starts_with("08") || code.starts_with("57P") || code.starts_with("58") => Kind::Down,
        // Schema or table missing: set-up has not run yet.
        "3F000" | "42P01" => Kind::Down,
        // Foreign key, unique key.
        "23503" => Kind::Missing,
        "23505" => Kind::Taken,
        // Not null, check; "data exception": too long, out of range, no such date, not this type.
        "23502" | "23514" => Kind::Refused,
        code if code.starts_with("22") => Kind::Refused,
        _ => Kind::Event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_from_an_event_that_fails() {
        for (code, wanted) in [
            ("57P01", Kind::Down),
            ("08006", Kind::Down),
            ("53300", Kind::Down),
            ("53100", Kind::Down),
            ("25006", Kind::Down),
            ("42P01", Kind::Down),
            ("40001", Kind::Conflict),
            ("40P01", Kind::Conflict),
            ("23503", Kind::Missing),
            ("23505", Kind::Taken),
            ("23502", Kind::Refused),
            ("23514", Kind::Refused),
            ("22P02", Kind::Refused),
            ("22001", Kind::Refused),
            ("53200", Kind::Event),
            ("42601", Kind::Event),
        ] {
            assert_eq!(kind_of_sqlstate(code), wanted, "{code}");
        }
        assert_eq!(kind(&sqlx::Error::PoolTimedOut), Kind::Down);
        assert_eq!(kind(&sqlx::Error::RowNotFound), Kind::Event);
    }

    #[test]
    fn what_cannot_heal_ends_early_and_what_may_come_has_a_minute() {
        let on = |attempt| Delivery {
            stream: "CALLS".to_owned(),
            sequence: 1,
            subject: "call.status.CA1".to_owned(),
            attempt,
            last: attempt >= 12,
            waited: Duration::ZERO,
        };
        let ends = |failure: &Failure| (1..=12).find_map(|n| failure.ends(&on(n)).map(|reason| (n, reason)));
        assert_eq!(ends(&Failure::Fail("no".into())), Some((1, DeadReason::Permanent)));
        assert_eq!(ends(&Failure::Refused("no".into())), Some((3, DeadReason::Permanent)));
        assert_eq!(ends(&Failure::Taken("no".into())), Some((3, DeadReason::Permanent)));
        assert_eq!(ends(&Failure::Missing("no".into())), Some((7, DeadReason::Exhausted)));
        assert_eq!(ends(&Failure::retry("no")), Some((12, DeadReason::Exhausted)));
        assert_eq!(ends(&Failure::Down("no".into())), None);
        for failure in
            [Failure::Refused("no".into()), Failure::Taken("no".into()), Failure::Missing("no".into())]
        {
            assert_eq!(ends(&failure.for_ever()), Some((12, DeadReason::Exhausted)), "by the policy alone");
        }
    }

    #[test]
    fn a_chain_names_each_cause_once() {
        let failure = Failure::retry(std::io::Error::other("the disk"));
        assert_eq!(chain(&failure), ["it may succeed later", "the disk"]);
    }
}

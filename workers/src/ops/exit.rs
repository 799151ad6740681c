//! Exit codes.

use std::process::ExitCode;

use crate::crm::refusal::Stop;

/// What `--help` tells of them.
pub const HELP: &str = "Exit codes:
  0  done
  1  failed
  2  the command line is wrong
  3  there is no such thing, or nothing matches
  4  refused: not confirmed, or what was confirmed has changed
  5  Postgres or NATS is out of reach
  6  the replay has ended, and some events failed again or were skipped
  7  doctor has found something that must be mended";

/// Ends that have a code of their own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// Code 3.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Code 4.
    #[error("{0}")]
    Refused(String),
    /// Code 5.
    #[error("{0} is out of reach")]
    Unreachable(&'static str),
    /// Code 6.
    #[error("not every event succeeded: what failed again is in `dead list --state new`")]
    Partly,
    /// Code 7.
    #[error("something must be mended")]
    Unwell,
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(refusal) | Stop::Missing(refusal) if refusal.status == 404 => {
                Self::NotFound("thing")
            }
            Stop::Refused(refusal) | Stop::Missing(refusal) => Self::Refused(refusal.error),
            Stop::Failed(failure) => Self::Refused(failure.to_string()),
        }
    }
}

/// The code of an outcome; an error is written to standard error.
pub fn code(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    #[expect(clippy::print_stderr, reason = "a command line tells its errors there")]
    {
        eprintln!("prosaas-ops: {error:#}");
    }
    let of_ours = error.chain().find_map(|cause| cause.downcast_ref::<Failed>());
    match of_ours.or_else(|| error.downcast_ref::<Failed>()) {
        Some(Failed::NotFound(_)) => ExitCode::from(3),
        Some(Failed::Refused(_)) => ExitCode::from(4),
        Some(Failed::Unreachable(_)) => ExitCode::from(5),
        Some(Failed::Partly) => ExitCode::from(6),
        Some(Failed::Unwell) => ExitCode::from(7),
        None => ExitCode::FAILURE,
    }
}

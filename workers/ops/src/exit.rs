//! Exit codes.

use std::process::ExitCode;

use prosaas_workers::{
    crm::refusal::Stop,
    runtime::{Failure, is_away as postgres_is_away},
};

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

/// A command of the workers that was not applied, as the command line tells it.
pub fn stopped(stop: Stop) -> anyhow::Error {
    match stop {
        Stop::Refused(refusal) | Stop::Missing(refusal) if refusal.status == 404 => {
            Failed::NotFound("thing").into()
        }
        Stop::Refused(refusal) | Stop::Missing(refusal) => Failed::Refused(refusal.error).into(),
        Stop::Failed(Failure::Down(cause)) => {
            anyhow::Error::from_boxed(cause).context(Failed::Unreachable("Postgres"))
        }
        Stop::Failed(failure) => failure.into(),
    }
}

/// Whether Postgres was lost in the middle.
fn is_away(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref()).any(postgres_is_away)
}

/// The code of an outcome; an error is written to standard error.
pub fn code(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(mut error) = outcome else { return ExitCode::SUCCESS };
    if is_away(&error) && error.chain().all(|cause| cause.downcast_ref::<Failed>().is_none()) {
        error = error.context(Failed::Unreachable("Postgres"));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> sqlx::Error {
        sqlx::Error::Io(std::io::Error::other("the connection was reset"))
    }

    #[test]
    fn a_postgres_that_is_lost_in_the_middle_is_out_of_reach() {
        let unreachable = format!("{:?}", ExitCode::from(5));
        for error in [
            lost().into(),
            stopped(Stop::from(lost())),
            anyhow::Error::new(lost()).context("the audit record"),
        ] {
            assert!(
                error.to_string() != "a dependency is away" && format!("{error:#}").contains("reset"),
                "{error:#}"
            );
            assert_eq!(format!("{:?}", code(Err(error))), unreachable);
        }
        let failed = stopped(Stop::from(sqlx::Error::RowNotFound));
        assert_eq!(
            format!("{:?}", code(Err(failed))),
            format!("{:?}", ExitCode::FAILURE),
            "nobody refused it"
        );
    }
}

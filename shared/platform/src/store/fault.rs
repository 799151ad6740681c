//! What of Postgres's answers is a fault of `DATABASE_URL`.

use crate::config::ConfigError;

/// The setting.
pub(super) const VARIABLE: &str = "DATABASE_URL";

/// The fault of `DATABASE_URL` behind an answer of Postgres, where there is one: no such user,
/// password, database or right. A server that is away, starts (57P03) or is full (53300) may let us
/// in later. Postgres's own words are not passed on: they hold parts of the setting.
pub fn fault_of_setting(error: &sqlx::Error) -> Option<ConfigError> {
    let code = error.as_database_error()?.code()?;
    let problem = problem(&code)?;
    Some(ConfigError::new(VARIABLE, format!("{problem} (SQLSTATE {code})")))
}

/// By <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn problem(code: &str) -> Option<&'static str> {
    match code {
        code if code.starts_with("28") => Some(
            "Postgres does not let its user in: the user or the password is wrong, or pg_hba.conf forbids it",
        ),
        "3D000" => Some("there is no such database"),
        "42501" => Some("its user may not use the schema `prosaas` or make it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waiting_does_not_change_is_a_fault_of_the_setting() {
        for (code, is_fault) in [
            ("28P01", true),
            ("28000", true),
            ("3D000", true),
            ("42501", true),
            ("57P03", false),
            ("53300", false),
            ("08006", false),
            ("42P01", false),
        ] {
            assert_eq!(problem(code).is_some(), is_fault, "{code}");
        }
        assert_eq!(fault_of_setting(&sqlx::Error::PoolTimedOut), None);
    }
}

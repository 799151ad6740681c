//! Why a command changes nothing: an answer to whoever asked, not a failure.

use prosaas_domain::rights::RankError;
use serde::Serialize;

use crate::runtime::Failure;

/// A problem as the operation's row keeps it (RFC 9457). The ingress gives it to who
/// waits; the web app translates it by its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A sentence for people.
    pub error: String,
    /// Which fields are wrong, where that is the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// What is wrong with it, for a client to translate.
    pub code: String,
    /// A sentence for people.
    pub error: String,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, title: &'static str, error: impl Into<String>) -> Self {
        Self { kind, title, status, error: error.into(), errors: Vec::new() }
    }

    /// There is no such thing, or none that this person may see.
    pub fn not_found(what: &str) -> Self {
        Self::new(404, "/problems/not-found", "Not found", format!("There is no such {what}."))
    }

    /// The person may not do this, or not any more.
    pub fn forbidden(error: &'static str) -> Self {
        Self::new(403, "/problems/forbidden", "Not allowed", error)
    }

    /// Something there stands against it.
    pub fn conflict(kind: &'static str, error: impl Into<String>) -> Self {
        Self::new(409, kind, "Conflict", error)
    }

    /// Somebody else has what a field asks for.
    pub fn taken(kind: &'static str, field: &str, error: &str) -> Self {
        let taken = FieldError { field: field.to_owned(), code: "taken".to_owned(), error: error.to_owned() };
        Self { errors: vec![taken], ..Self::conflict(kind, error) }
    }

    /// It was changed meanwhile.
    pub fn stale(what: &str) -> Self {
        Self::new(
            412,
            "/problems/version",
            "Changed meanwhile",
            format!("Somebody has changed this {what} meanwhile. Look at it again, then repeat the change."),
        )
    }

    /// What was confirmed is not what is there now.
    pub fn count_changed(error: impl Into<String>) -> Self {
        Self::new(412, "/problems/count-changed", "Changed meanwhile", error)
    }

    /// A field is not valid.
    pub fn invalid(field: &str, code: &str, error: &str) -> Self {
        Self::invalid_fields(vec![FieldError {
            field: field.to_owned(),
            code: code.to_owned(),
            error: error.to_owned(),
        }])
    }

    /// Several fields are not valid.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let sentence = errors.iter().map(|e| e.error.as_str()).collect::<Vec<_>>().join(" ");
        Self { errors, ..Self::new(422, "/problems/validation", "Not valid", sentence) }
    }

    /// It waited for so long that whoever asked expects it no more.
    pub fn expired() -> Self {
        Self::new(
            409,
            "/problems/expired",
            "Expired",
            "This waited for too long and was not done. Do it again if it is still wanted.",
        )
    }

    /// Every try has failed; operators see why.
    pub fn internal() -> Self {
        Self::new(
            500,
            "/problems/internal",
            "Internal error",
            "Something went wrong on our side. The operators have been told.",
        )
    }
}

impl From<RankError> for Refusal {
    fn from(error: RankError) -> Self {
        let kind = match error {
            RankError::Oneself => "/problems/oneself",
            RankError::Rank => "/problems/rank",
        };
        let mut sentence = error.to_string();
        sentence.push('.');
        Self::new(403, kind, "Not allowed", sentence)
    }
}

/// Why a command was not applied.
#[derive(Debug)]
pub enum Stop {
    /// It is refused.
    Refused(Refusal),
    /// What it is about is not there; it may still come, in another event.
    Missing(Refusal),
    /// It could not be tried to its end.
    Failed(Failure),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RankError> for Stop {
    fn from(error: RankError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The one place where a constraint's name becomes an answer.
impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        let constraint = error.as_database_error().and_then(|cause| cause.constraint());
        match constraint {
            Some("users_live_email_uq") => {
                Refusal::taken("/problems/email-taken", "email", "Somebody else has this e-mail address.")
                    .into()
            }
            Some("business_numbers_live_e164_uq") => {
                Refusal::taken("/problems/number-taken", "numbers", "Another business has this number.")
                    .into()
            }
            Some("leads_pk" | "users_pk" | "businesses_pk") => {
                Refusal::conflict("/problems/exists", "This exists already.").into()
            }
            Some("leads_business_fk" | "users_business_fk") => Self::Missing(Refusal::not_found("business")),
            Some("users_business_ck") => {
                Refusal::invalid("role", "business", "A system admin belongs to no business, others to one.")
                    .into()
            }
            // Two leads took the same number for theirs: the second looks again.
            Some("lead_phones_caller_uq") => Self::Failed(Failure::Conflict(error.into())),
            Some(name) if name.ends_with("_ck") => {
                let field = field_of(name);
                Refusal::invalid(&field, "invalid", &format!("The {field} is not valid.")).into()
            }
            _ => Self::Failed(error.into()),
        }
    }
}

/// `leads_name_length_ck` is about `name`.
fn field_of(constraint: &str) -> String {
    let name = constraint.trim_end_matches("_ck").trim_end_matches("_length");
    let tables = ["lead_phones_", "leads_", "users_", "businesses_", "business_numbers_"];
    tables.iter().find_map(|table| name.strip_prefix(table)).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_a_problem() -> anyhow::Result<()> {
        let problem = serde_json::to_value(Refusal::stale("lead"))?;
        assert_eq!(problem["status"], 412);
        assert_eq!(problem["type"], "/problems/version");
        assert!(problem["error"].as_str().is_some_and(|text| text.contains("lead")));
        assert!(problem.get("errors").is_none());
        let problem = serde_json::to_value(Refusal::invalid("name", "length", "Too long."))?;
        assert_eq!(problem["errors"][0]["field"], "name");
        Ok(())
    }

    #[test]
    fn a_check_names_its_field() {
        assert_eq!(field_of("leads_name_length_ck"), "name");
        assert_eq!(field_of("lead_phones_raw_length_ck"), "raw");
        assert_eq!(field_of("users_role_ck"), "role");
    }
}

//! Errors as problem documents (RFC 9457), which also carry `success: false` and
//! a sentence for people. A client tells kinds apart by `type`.

use std::{borrow::Cow, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Its media type.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error answer (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "/problems/not-found")]
    pub kind: Cow<'static, str>,
    /// The kind in a few words.
    #[schema(value_type = String)]
    pub title: Cow<'static, str>,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// Always false: older clients look at this alone.
    pub success: bool,
    /// A sentence for people.
    #[schema(value_type = String)]
    pub error: Box<str>,
    /// Which fields of the request are wrong, where that is the problem.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false, value_type = Vec<FieldError>)]
    pub errors: Box<[FieldError]>,
    /// The request's id, which the log and the audit records have too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub request_id: Option<Box<str>>,
    /// Answered as `Retry-After`, seconds.
    #[serde(skip)]
    pub retry_after_s: Option<u32>,
}

/// One field of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field's name, as the request spells it.
    pub field: String,
    /// What is wrong with it, for a client to translate: `length`, `format`, `common`…
    pub code: String,
    /// A sentence for people.
    pub error: String,
}

impl Problem {
    /// A problem of a kind, `/problems/<kind>`.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        error: impl Into<Box<str>>,
    ) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            title: Cow::Borrowed(title),
            status: status.as_u16(),
            success: false,
            error: error.into(),
            errors: Box::default(),
            request_id: None,
            retry_after_s: None,
        }
    }

    /// When it is worth another try; rounded up to whole seconds.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.retry_after_s = Some(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX));
        self
    }

    /// Nothing lies there, or nothing that this person may see.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "/problems/not-found",
            "Not found",
            "There is nothing at this address.",
        )
    }

    /// The request cannot be read.
    pub fn bad_request(error: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "/problems/bad-request", "Bad request", error)
    }

    /// Nobody is logged in, or no longer.
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "/problems/unauthenticated",
            "Not logged in",
            "Please log in; the session has ended or there was none.",
        )
    }

    /// The person may not do this.
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "/problems/forbidden",
            "Not allowed",
            "Your role does not allow this.",
        )
    }

    /// Something there stands against it.
    pub fn conflict(kind: &'static str, error: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, "Conflict", error)
    }

    /// Somebody else has what a field of the request asks for; the workers say the same in the same words.
    pub fn taken(kind: &'static str, field: &str, error: impl Into<String>) -> Self {
        let error = error.into();
        let taken = FieldError { field: field.to_owned(), code: "taken".to_owned(), error: error.clone() };
        Self { errors: Box::new([taken]), ..Self::conflict(kind, error) }
    }

    /// A field of the request is wrong.
    pub fn invalid(field: &str, code: &str, error: impl Into<String>) -> Self {
        let error = error.into();
        let field = FieldError { field: field.to_owned(), code: code.to_owned(), error: error.clone() };
        Self {
            errors: Box::new([field]),
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "/problems/validation",
                "Not valid",
                format!("The request is not valid: {error}"),
            )
        }
    }

    /// Several fields of the request are wrong.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let sentence = errors.iter().map(|e| e.error.as_str()).collect::<Vec<_>>().join(" ");
        Self { errors: errors.into_boxed_slice(), ..Self::invalid("", "", sentence) }
    }

    /// The body came too slowly.
    pub fn body_too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "/problems/too-slow",
            "Too slow",
            "The request's body did not arrive in time.",
        )
    }

    /// Too many requests.
    pub fn too_many(after: Duration) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "/problems/too-many-requests",
            "Too many requests",
            "That was too often. Please wait a moment.",
        )
        .retry_after(after)
    }

    /// A link of a mail does not work, or does not work any more.
    pub fn link_gone() -> Self {
        Self::new(
            StatusCode::GONE,
            "/problems/link-gone",
            "This link does not work any more",
            "The link was used already, has expired, or was withdrawn. Please ask for a new one.",
        )
    }

    /// Mails go nowhere.
    pub fn mail_unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "/problems/mail-unavailable",
            "No mail",
            "Mails cannot be sent: the mail server is not set up. Please ask the operator.",
        )
        .retry_after(Duration::from_hours(1))
    }

    /// Something that we need is away.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "/problems/unavailable",
            "Temporarily unavailable",
            "This cannot be done right now. Nothing was changed; please try again shortly.",
        )
        .retry_after(Duration::from_secs(5))
    }

    /// What was asked for takes more time than one request may have.
    pub fn took_too_long() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "/problems/took-too-long",
            "Took too long",
            "This took too long. Please ask for less, such as a shorter time.",
        )
        .retry_after(Duration::from_secs(5))
    }

    /// A fault of ours. The cause is in the log, under the request's id.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "/problems/internal",
            "Internal error",
            "Something went wrong on our side.",
        )
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Postgres being away is 503; a statement that it refuses is a fault of ours.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        // U+0000, which no text of Postgres holds.
        if code(&error).is_some_and(|code| code == "22021") {
            return Self::bad_request("The request holds a character that no text can hold.");
        }
        if code(&error).is_some_and(|code| code == "57014") {
            tracing::warn!(event = "api.statement_timeout", "a statement took too long");
            return Self::took_too_long();
        }
        let refused = match &error {
            // Classes 08 (connection), 53 (resources) and 57 (operator intervention),
            // 40 (transaction rollback: worth another try).
            E::Database(cause) => {
                !cause.code().is_some_and(|code| ["08", "53", "57", "40"].iter().any(|c| code.starts_with(c)))
            }
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Protocol(_) => {
                false
            }
            _ => true,
        };
        if refused {
            tracing::error!(event = "api.query_failed", %error);
            Self::internal()
        } else {
            tracing::warn!(event = "api.database_away", %error);
            Self::unavailable()
        }
    }
}

/// Postgres's code of an error (SQLSTATE).
fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code)
}

impl IntoResponse for Problem {
    /// Leaves itself in the response's extensions, so that the request's id can be
    /// filled in further out.
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let json = HeaderValue::from_static(MEDIA_TYPE);
        let mut response = (self.status(), [(header::CONTENT_TYPE, json)], body).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_seconds() {
        let response = Problem::too_many(Duration::from_millis(1200)).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    }

    #[test]
    fn postgres_being_away_is_worth_another_try() {
        assert_eq!(Problem::from(sqlx::Error::PoolTimedOut).status, 503);
        assert_eq!(Problem::from(sqlx::Error::RowNotFound).status, 500);
    }
}

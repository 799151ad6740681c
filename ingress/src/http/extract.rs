//! Extractors whose rejections are problem documents.

use axum::{
    Json,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
};
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// A JSON body. Types that it reads refuse unknown fields (`deny_unknown_fields`).
#[derive(Debug)]
pub struct ApiJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "/problems/unsupported-media-type",
                "Unsupported media type",
                "The body must be JSON, with content type application/json.",
            )),
            Err(JsonRejection::JsonDataError(error)) => {
                let (field, why) = field_and_reason(&error.body_text());
                Err(Problem::invalid(&field, "format", why))
            }
            Err(JsonRejection::JsonSyntaxError(_)) => Err(Problem::bad_request("The body is no valid JSON.")),
            Err(_) => Err(Problem::bad_request("The body cannot be read.")),
        }
    }
}

/// axum says `…into the target type: <field>: <reason> at line 1 column 2`.
fn field_and_reason(text: &str) -> (String, String) {
    let cause = text.split_once("target type: ").map_or(text, |(_, cause)| cause);
    let cause = cause.rsplit_once(" at line ").map_or(cause, |(cause, _)| cause);
    let (mut field, mut why) = (String::new(), cause);
    // A field that reads its own fields names them behind itself.
    while let Some((part, rest)) = why.split_once(": ").filter(|(part, _)| !part.contains(' ')) {
        field = if field.is_empty() { part.to_owned() } else { format!("{field}.{part}") };
        why = rest;
    }
    let sentence = if field.is_empty() { format!("{why}.") } else { format!("{field}: {why}.") };
    (field, sentence)
}

/// Query parameters. Types that it reads refuse unknown ones.
#[derive(Debug)]
pub struct ApiQuery<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => {
                let text = error.body_text();
                let cause = text.split_once("query string: ").map_or(text.as_str(), |(_, cause)| cause);
                let (field, why) = field_and_reason(cause);
                Err(Problem { status: 400, ..Problem::invalid(&field, "format", why) })
            }
            Err(_) => Err(Problem::bad_request("The query cannot be read.")),
        }
    }
}

/// Path parameters. What has not the form of an id names nothing: 404.
#[derive(Debug)]
pub struct ApiPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for ApiPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(Problem::not_found()),
            Err(_) => Err(Problem::internal()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_named_where_serde_names_it() {
        let text = "Failed to deserialize the JSON body into the target type: role: unknown variant `king` at line 1 column 9";
        assert_eq!(field_and_reason(text), ("role".into(), "role: unknown variant `king`.".into()));
        let text = "Failed to deserialize the JSON body into the target type: settings: greting: unknown field `greting` at line 1 column 9";
        let told = "settings.greting: unknown field `greting`.";
        assert_eq!(field_and_reason(text), ("settings.greting".into(), told.into()));
        let text =
            "Failed to deserialize the JSON body into the target type: unknown field `x` at line 1 column 4";
        assert_eq!(field_and_reason(text), (String::new(), "unknown field `x`.".into()));
    }
}

//! TwiML as an answer.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};

/// A TwiML document: 200, `text/xml`, never cached on the way (Twilio errors 12300 and 11200).
pub struct TwimlResponse(pub Bytes);

impl IntoResponse for TwimlResponse {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, self.0).into_response()
    }
}

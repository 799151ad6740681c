//! What makes a request Twilio's: the URL that it was sent to, the parameters that
//! it carries, and the signature over both.
//!
//! A handler reads [`RequestParts`] from the request line and headers, parses the
//! body into [`Params`], and asks the [`Validator`]. Nothing in here logs, waits or
//! keeps state, and no error carries anything that the sender wrote.

#![warn(missing_docs)]

mod form;
mod public_url;
mod signature;

pub use form::{FormError, MAX_PARAMS, Params, parse_form, parse_json, parse_query};
pub use public_url::{RequestParts, candidate_urls};
pub use signature::{Body, SignatureError, SignatureHeaders, Validator};

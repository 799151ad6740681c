//! Twilio's REST API, as far as the workers need it.

pub mod address;
mod call;
pub mod client;
pub mod message;

pub use self::{address::Api, call::CallResource, client::Twilio};

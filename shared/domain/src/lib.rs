//! What words mean: identifiers, telephone numbers, addresses, names, text, rights and call
//! settings. It knows neither Postgres nor NATS nor HTTP.

#![warn(missing_docs)]

pub mod call_config;
pub mod email;
pub mod ids;
pub mod israeli_days;
pub mod message;
pub mod name;
pub mod phone;
pub mod rights;
pub mod text;

//! Passwords, and people who are made outside a request.

#![warn(missing_docs)]

pub mod password;
pub mod people;

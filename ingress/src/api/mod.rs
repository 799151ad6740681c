//! The web app's API: a folder a feature, a file an endpoint.

pub mod audit;
pub mod auth;
pub mod businesses;
pub mod calls;
pub mod leads;
pub mod live;
pub mod operators;
pub mod people;
pub mod recordings;
pub mod summary;
pub mod whatsapp;

//! Businesses: their profile, how they answer calls, and, for system admins, all of them.

mod activate;
mod admin;
mod model;
mod numbers;
mod preview;
mod read;
mod settings;
mod typed;

use crate::request::routes::{Description, Routes, routes};

/// The routes.
pub fn routes<D: Description>() -> Routes<D> {
    routes![
        admin::list,
        admin::create,
        activate::activate,
        activate::deactivate,
        numbers::set_numbers,
        read::read,
        settings::read,
        settings::write,
        preview::preview,
    ]
}

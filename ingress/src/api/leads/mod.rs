//! Leads: lists with search, one lead, its timeline, and the commands that change it.

mod bulk;
mod create;
mod delete;
mod fields;
mod filter;
mod list;
mod model;
mod read;
mod select;
mod timeline;
mod update;

use crate::request::routes::{Description, Routes, routes};

/// The routes.
pub fn routes<D: Description>() -> Routes<D> {
    routes![
        list::list,
        create::create,
        read::read,
        update::update,
        delete::delete,
        delete::restore,
        bulk::delete,
        bulk::restore,
        timeline::timeline,
    ]
}

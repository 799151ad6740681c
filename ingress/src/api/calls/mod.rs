//! Calls: lists, one call with its history, and marking it called back.

mod called_back;
mod list;
mod model;
mod read;
mod select;
mod unowned;

pub use self::model::Call;
pub(super) use self::select::by_id as calls_by_id;
use crate::request::routes::{Description, Routes, routes};

/// The routes.
pub fn routes<D: Description>() -> Routes<D> {
    routes![list::list, read::read, called_back::called_back, unowned::unowned]
}

//! Calls: lists, one call with its history, and marking it called back.

mod called_back;
mod list;
mod model;
mod read;
mod select;
mod unowned;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::model::Call;
pub(super) use self::select::by_id as calls_by_id;
use crate::app::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(read::read))
        .routes(routes!(called_back::called_back))
        .routes(routes!(unowned::unowned))
}

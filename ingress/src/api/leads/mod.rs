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

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(read::read, update::update, delete::delete))
        .routes(routes!(delete::restore))
        .routes(routes!(bulk::delete))
        .routes(routes!(bulk::restore))
        .routes(routes!(timeline::timeline))
}

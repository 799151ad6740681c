//! Businesses: their profile, how they answer calls, and, for system admins, all of them.

mod activate;
mod admin;
mod model;
mod numbers;
mod preview;
mod read;
mod settings;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(admin::list, admin::create))
        .routes(routes!(activate::activate))
        .routes(routes!(activate::deactivate))
        .routes(routes!(numbers::set_numbers))
        .routes(routes!(read::read))
        .routes(routes!(settings::read, settings::write))
        .routes(routes!(preview::preview))
}

//! The sound of recordings.

mod audio;
mod range;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(audio::audio, audio::audio_head))
}

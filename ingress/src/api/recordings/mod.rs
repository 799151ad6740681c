//! The sound of recordings.

mod audio;
mod range;

use crate::request::routes::{Description, Routes, routes};

/// The routes.
pub fn routes<D: Description>() -> Routes<D> {
    routes![audio::audio, audio::audio_head]
}

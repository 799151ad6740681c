//! The built SPA, served by the ingress where there is no nginx (development).

use std::path::Path;

use tower_http::services::{ServeDir, ServeFile};

/// Files of the folder; every other path is a route of the SPA.
pub fn service(folder: &Path) -> ServeDir<ServeFile> {
    ServeDir::new(folder).fallback(ServeFile::new(folder.join("index.html")))
}

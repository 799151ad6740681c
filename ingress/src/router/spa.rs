//! The built SPA, served by the ingress where there is no nginx (development).

use std::path::Path;

use axum::{Router, middleware::map_response, response::Response};
use http::{HeaderName, HeaderValue, header};
use tower_http::services::{ServeDir, ServeFile};

/// What a page may do: nothing but what comes from here. Scripts have no exception; styles have
/// one, for the elements that toasts and dialogs write at run time (ADR 0005).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    font-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; \
    manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// Files of the folder; every other path is a route of the SPA.
pub fn service(folder: &Path) -> Router {
    let page_file = ServeFile::new(folder.join("index.html")).precompressed_br().precompressed_gzip();
    let pages = compressed(folder).fallback(page_file);
    // Their names carry their content's hash: one that is absent is not the page, and one that
    // is there never changes.
    let assets =
        Router::new().fallback_service(compressed(&folder.join("assets"))).layer(map_response(asset));
    Router::new().fallback_service(pages).layer(map_response(page)).nest("/assets", assets)
}

/// The build compresses its files, so that nothing is compressed for every visitor.
fn compressed(folder: &Path) -> ServeDir {
    ServeDir::new(folder).precompressed_br().precompressed_gzip()
}

async fn page(answer: Response) -> Response {
    with(answer, "no-cache")
}

async fn asset(answer: Response) -> Response {
    with(answer, "public, max-age=31536000, immutable")
}

fn with(mut answer: Response, kept: &'static str) -> Response {
    let kept = if answer.status().is_success() { kept } else { "no-store" };
    let more: [(HeaderName, &'static str); 3] = [
        (header::CACHE_CONTROL, kept),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::VARY, "accept-encoding"),
    ];
    for (name, value) in more {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{Request, StatusCode};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn pages_carry_the_policy_and_assets_are_kept() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("index.html"), "<!doctype html>")?;
        std::fs::create_dir(folder.path().join("assets"))?;
        std::fs::write(folder.path().join("assets/a-1.js"), "1")?;
        for (path, status, kept) in [
            ("/leads/5", StatusCode::OK, "no-cache"),
            ("/assets/a-1.js", StatusCode::OK, "public, max-age=31536000, immutable"),
            ("/assets/gone.js", StatusCode::NOT_FOUND, "no-store"),
        ] {
            let request = Request::get(path).body(Body::empty())?;
            let answer = service(folder.path()).oneshot(request).await?;
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(answer.headers()[header::CACHE_CONTROL], kept, "{path}");
            assert_eq!(answer.headers()[header::CONTENT_SECURITY_POLICY], POLICY, "{path}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_file_that_was_compressed_goes_out_so_to_whoever_takes_it() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("assets"))?;
        for name in ["index.html", "assets/a-1.js"] {
            std::fs::write(folder.path().join(name), "plain")?;
            std::fs::write(folder.path().join(format!("{name}.gz")), "gzip")?;
            std::fs::write(folder.path().join(format!("{name}.br")), "br")?;
        }
        for path in ["/", "/leads/5", "/assets/a-1.js"] {
            for (taken, body) in [("gzip, br", "br"), ("gzip", "gzip"), ("identity", "plain")] {
                let request = Request::get(path).header(header::ACCEPT_ENCODING, taken).body(Body::empty())?;
                let answer = service(folder.path()).oneshot(request).await?;
                let headers = answer.headers().clone();
                let got = axum::body::to_bytes(answer.into_body(), 100).await?;
                assert_eq!(got, body, "{path} {taken}");
                let encoding = headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
                assert_eq!(encoding, (body != "plain").then_some(body.as_bytes()), "{path} {taken}");
                assert_eq!(headers[header::VARY], "accept-encoding", "{path} {taken}");
                let kind = if path.starts_with("/assets/") { "text/javascript" } else { "text/html" };
                assert_eq!(headers[header::CONTENT_TYPE], kind, "{path} {taken}");
            }
        }
        Ok(())
    }
}

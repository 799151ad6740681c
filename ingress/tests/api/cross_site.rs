//! Requests that other sites' pages make a browser send, and other refused forms.

use anyhow::Result;
use http::{Method, StatusCode, header};
use prosaas_domain::rights::Role;
use serde_json::json;

use crate::support::Ingress;

#[tokio::test]
async fn only_our_own_pages_change_something() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    let root = ingress.log_in("root").await?;
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "http://127.0.0.1:5000"), ("sec-fetch-site", "cross-site")],
    ] {
        let refused = root.send(Method::POST, "/api/auth/logout", None, headers).await?;
        assert_eq!(
            (refused.status, refused.kind()),
            (StatusCode::FORBIDDEN, "/problems/cross-site"),
            "{headers:?}"
        );
        assert_eq!(root.send(Method::GET, "/api/auth/me", None, headers).await?.status, StatusCode::OK);
    }
    let own = [("origin", "http://127.0.0.1:5000"), ("sec-fetch-site", "same-origin")];
    assert_eq!(root.send(Method::POST, "/api/auth/logout", None, &own).await?.status, StatusCode::NO_CONTENT);
    Ok(())
}

#[tokio::test]
async fn every_refusal_is_a_problem() -> Result<()> {
    let ingress = Ingress::start().await?;
    let nobody = ingress.stranger("203.0.113.1");
    let problem = |answer: &crate::support::Answer| {
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(answer.body["success"], false);
        assert_eq!(answer.body["status"], answer.status.as_u16());
        assert!(answer.body["request_id"].is_string() && answer.body["error"].is_string());
    };
    let missing = nobody.get("/api/nothing/here").await?;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    problem(&missing);
    let method = nobody.delete("/api/auth/login").await?;
    assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(method.headers[header::ALLOW], "POST");
    problem(&method);
    let unknown_field =
        nobody.post("/api/auth/login", json!({ "email": "a", "password": "b", "admin": true })).await?;
    assert_eq!(unknown_field.status, StatusCode::UNPROCESSABLE_ENTITY);
    problem(&unknown_field);
    let form = [("content-type", "text/plain")];
    let no_json = nobody.send(Method::POST, "/api/auth/login", None, &form).await?;
    assert_eq!(no_json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    problem(&no_json);
    let large =
        nobody.post("/api/auth/login", json!({ "email": "x".repeat(300_000), "password": "b" })).await?;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    problem(&large);
    let unholdable =
        nobody.post("/api/auth/login", json!({ "email": "a\u{0}b@c.example", "password": "b" })).await?;
    assert_eq!(unholdable.status, StatusCode::BAD_REQUEST, "a character that Postgres does not take");
    problem(&unholdable);
    for path in ["/api/auth/me", "/api/admin/users", "/api/admin/audit", "/api/operations/x"] {
        let refused = nobody.get(path).await?;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        problem(&refused);
    }
    Ok(())
}

#[tokio::test]
async fn a_proxy_of_ours_may_name_a_request_and_nobody_else() -> Result<()> {
    let ingress = Ingress::start().await?;
    let nobody = ingress.stranger("203.0.113.1");
    let named = nobody.send(Method::GET, "/api/x", None, &[("x-request-id", "abcdef-12345678")]).await?;
    assert_eq!(named.headers["x-request-id"], "abcdef-12345678");
    let unsound = nobody.send(Method::GET, "/api/x", None, &[("x-request-id", "a b<script>")]).await?;
    assert_ne!(unsound.headers["x-request-id"], "a b<script>");
    Ok(())
}

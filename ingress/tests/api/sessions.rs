//! How long a session lives.

use anyhow::Result;
use http::StatusCode;
use prosaas_domain::rights::Role;
use serde_json::json;

use crate::support::{Client, Ingress, PASSWORD};

async fn is_in(client: &Client<'_>) -> Result<bool> {
    let answer = client.get("/api/auth/me").await?;
    assert!(
        answer.status == StatusCode::OK || answer.kind() == "/problems/unauthenticated",
        "{}",
        answer.body
    );
    Ok(answer.status == StatusCode::OK)
}

#[tokio::test]
async fn a_session_ends_by_time_by_deletion_and_by_rest() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("dana", Role::Agent, Some(shop)).await?;
    let dana = ingress.log_in("dana").await?;
    assert!(is_in(&dana).await?);
    for (statement, undo) in [
        (
            "UPDATE prosaas.user_sessions SET expires_at = now() - interval '1 second'",
            "UPDATE prosaas.user_sessions SET expires_at = now() + interval '1 day'",
        ),
        (
            "UPDATE prosaas.user_sessions SET last_seen_at = now() - interval '12 hours 1 second'",
            "UPDATE prosaas.user_sessions SET last_seen_at = now() - interval '11 hours'",
        ),
        ("UPDATE prosaas.users SET deleted_at = now()", "UPDATE prosaas.users SET deleted_at = NULL"),
        ("UPDATE prosaas.businesses SET active = false", "UPDATE prosaas.businesses SET active = true"),
        (
            "UPDATE prosaas.user_sessions SET ended_at = now()",
            "UPDATE prosaas.user_sessions SET ended_at = NULL",
        ),
    ] {
        assert_eq!(ingress.run(statement).await?, 1);
        assert!(!is_in(&dana).await?, "{statement}");
        assert_eq!(ingress.run(undo).await?, 1);
        assert!(is_in(&dana).await?, "{undo}");
    }
    let seen = "SELECT count(*) FROM prosaas.user_sessions WHERE last_seen_at > now() - interval '1 minute'";
    assert_eq!(ingress.count(seen).await?, 1, "a request after eleven hours was noted");
    Ok(())
}

#[tokio::test]
async fn a_person_sees_and_ends_their_own_sessions_only() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("dana", Role::Agent, Some(shop)).await?;
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    let (first, second, omer) =
        (ingress.log_in("dana").await?, ingress.log_in("dana").await?, ingress.log_in("omer").await?);
    let listed = first.get("/api/auth/sessions").await?.body;
    let items = listed["items"].as_array().map(Vec::len);
    assert_eq!(items, Some(2));
    assert_eq!(listed["items"][1]["current"], true);
    assert_eq!(listed["items"][0]["ip"], "203.0.113.1");
    let other = format!("/api/auth/sessions/{}", listed["items"][0]["id"].as_str().unwrap_or_default());
    assert_eq!(omer.delete(&other).await?.status, StatusCode::NOT_FOUND);
    assert!(is_in(&second).await?);
    assert_eq!(first.delete(&other).await?.status, StatusCode::NO_CONTENT);
    assert_eq!(first.delete(&other).await?.status, StatusCode::NOT_FOUND);
    assert!(!is_in(&second).await? && is_in(&first).await?);
    let gone = first.post("/api/auth/logout", json!(null)).await?;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(gone.cookie().as_deref(), Some("prosaas_session="));
    assert!(!is_in(&first).await?);
    assert_eq!(first.post("/api/auth/logout", json!(null)).await?.status, StatusCode::NO_CONTENT);
    Ok(())
}

#[tokio::test]
async fn a_login_over_a_session_ends_it() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    let old = ingress.log_in("root").await?;
    let answer = old.try_password("root", PASSWORD).await?;
    assert_ne!(answer.cookie(), old.cookie);
    assert!(!is_in(&old).await?);
    Ok(())
}

#[tokio::test]
async fn a_new_password_ends_every_session_but_the_one_that_set_it() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    let (mut here, elsewhere) = (ingress.log_in("root").await?, ingress.log_in("root").await?);
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let wrong = here.post("/api/auth/password", change("not it at all", "lawnmower-on-tuesday")).await?;
    assert_eq!(
        (wrong.status, &wrong.body["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("current"))
    );
    let common = here.post("/api/auth/password", change(PASSWORD, "Password123!")).await?;
    assert_eq!(common.body["errors"][0]["code"], "common");
    let changed = here.post("/api/auth/password", change(PASSWORD, "lawnmower-on-tuesday")).await?;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    assert!(!is_in(&elsewhere).await? && !is_in(&here).await?);
    here.cookie = changed.cookie();
    assert!(is_in(&here).await?);
    let stranger = ingress.stranger("203.0.113.1");
    assert_eq!(stranger.try_password("root", PASSWORD).await?.status, StatusCode::UNAUTHORIZED);
    assert_eq!(stranger.try_password("root", "lawnmower-on-tuesday").await?.status, StatusCode::OK);
    let audit = "SELECT count(*) FROM prosaas.audit_records WHERE action = 'password.change'";
    assert_eq!(ingress.count(audit).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_admin_ends_anybodys_sessions() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    let dana = ingress.person("dana", Role::Owner, Some(shop)).await?;
    let (root, client) = (ingress.log_in("root").await?, ingress.log_in("dana").await?);
    let path = format!("/api/admin/users/{dana}/end-sessions");
    assert_eq!(client.post(&path, json!(null)).await?.status, StatusCode::FORBIDDEN);
    assert_eq!(root.post(&path, json!(null)).await?.body["ended"], 1);
    assert!(!is_in(&client).await?);
    Ok(())
}

//! Commands: kept while NATS is away, the same twice, reported.

use anyhow::{Context as _, Result};
use http::{Method, StatusCode, header};
use prosaas_domain::{ids::UserId, rights::Role};
use prosaas_tests::eventually::{SOON, eventually};
use serde_json::{Value, json};

use crate::support::{Client, Ingress};

async fn shop() -> Result<(Ingress, UserId)> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    let dana = ingress.person("dana", Role::Agent, Some(shop)).await?;
    Ok((ingress, dana))
}

async fn operation(client: &Client<'_>, location: &str) -> Result<Value> {
    Ok(client.get(location).await?.body.get("operation").cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_command_is_kept_and_its_operation_pends() -> Result<()> {
    let (ingress, dana) = shop().await?;
    let root = ingress.log_in("root").await?;
    let accepted = root.delete(&format!("/api/admin/users/{dana}")).await?;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.body);
    let location = accepted.headers[header::LOCATION].to_str()?.to_owned();
    assert_eq!(accepted.body["operation"]["action"], "user.delete");
    assert_eq!(accepted.body["operation"]["entity_id"], dana.to_string());
    assert_eq!(
        location,
        format!("/api/operations/{}", accepted.body["operation"]["id"].as_str().unwrap_or("?"))
    );

    let kept = ingress.kept().await?;
    let (subject, event) = &kept[0];
    assert_eq!((kept.len(), subject), (1, &format!("crm.user.delete.{dana}")));
    assert_eq!(event["data"]["meta"]["ip"], "203.0.113.1");
    assert_eq!(event["data"]["meta"]["request_id"].as_str(), accepted.headers["x-request-id"].to_str().ok());

    assert_eq!(operation(&root, &location).await?["state"], "pending");
    let other = ingress.log_in("dana").await?;
    assert_eq!(other.get(&location).await?.status, StatusCode::NOT_FOUND, "another's operation");
    let mut tampered = location.clone();
    tampered.pop();
    assert_eq!(root.get(&tampered).await?.status, StatusCode::NOT_FOUND);

    finish(&ingress, event, "succeeded", None).await?;
    let done = operation(&root, &location).await?;
    assert_eq!((&done["state"], &done["result"]), (&json!("succeeded"), &json!({ "version": 2 })));
    Ok(())
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Writes the operation's row, as the worker would.
async fn finish(ingress: &Ingress, event: &Value, state: &str, problem: Option<Value>) -> Result<()> {
    let id: uuid::Uuid = text(event, "/data/meta/operation_id").parse()?;
    let entity: uuid::Uuid = text(event, "/subject").parse()?;
    let result = problem.is_none().then(|| json!({ "version": 2 }));
    sqlx::query(
        "INSERT INTO prosaas.operations (id, action, entity_id, state, result, problem)
         VALUES ($1, 'user.delete', $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(entity)
    .bind(state)
    .bind(result)
    .bind(problem)
    .execute(&ingress.pool)
    .await?;
    Ok(())
}

#[tokio::test]
async fn who_waits_gets_the_outcome_or_its_problem_or_a_place_to_ask() -> Result<()> {
    let (ingress, dana) = shop().await?;
    let root = ingress.log_in("root").await?;
    let path = format!("/api/admin/users/{dana}");
    let wait = |seconds: &'static str, key: &'static str| {
        let (root, path) = (root.clone(), path.clone());
        async move {
            root.send(Method::DELETE, &path, None, &[("prefer", seconds), ("idempotency-key", key)]).await
        }
    };
    let pending = wait("wait=0", "none").await?;
    assert_eq!(pending.status, StatusCode::ACCEPTED);
    assert_eq!(pending.headers["preference-applied"], "wait=0");

    let (answer, worked) = tokio::join!(wait("wait=30", "good"), async {
        let event = appended(&ingress, 2).await?;
        finish(&ingress, &event, "succeeded", None).await
    });
    worked?;
    let answer = answer?;
    assert_eq!((answer.status, &answer.body["operation"]["state"]), (StatusCode::OK, &json!("succeeded")));

    let refusal =
        json!({ "status": 409, "type": "/problems/last-admin", "title": "Last", "error": "The last one." });
    let (answer, worked) = tokio::join!(wait("wait=30", "bad"), async {
        let event = appended(&ingress, 3).await?;
        finish(&ingress, &event, "failed", Some(refusal)).await
    });
    worked?;
    let answer = answer?;
    assert_eq!((answer.status, answer.kind()), (StatusCode::CONFLICT, "/problems/last-admin"));
    assert_eq!(answer.body["success"], false);
    assert!(answer.body["request_id"].is_string());
    Ok(())
}

async fn appended(ingress: &Ingress, count: usize) -> Result<Value> {
    eventually("the command is kept", SOON, || async {
        let (_, event) = ingress.kept().await?.into_iter().nth(count - 1).context("not yet")?;
        Ok(event)
    })
    .await
}

#[tokio::test]
async fn the_same_key_and_request_is_one_operation_and_another_request_is_refused() -> Result<()> {
    let (ingress, dana) = shop().await?;
    let root = ingress.log_in("root").await?;
    let path = format!("/api/admin/users/{dana}");
    let patch = |name: &str, key: &'static str| {
        let (root, path, body) = (root.clone(), path.clone(), json!({ "name": name }));
        async move { root.send(Method::PATCH, &path, Some(body), &[("idempotency-key", key)]).await }
    };
    let (first, again) = (patch("Dana L", "k1").await?, patch("Dana L", "k1").await?);
    assert_eq!(first.headers[header::LOCATION], again.headers[header::LOCATION]);
    assert_eq!(ingress.kept().await?.len(), 1);
    let other = patch("Somebody", "k1").await?;
    assert_eq!((other.status.as_u16(), other.kind()), (422, "/problems/idempotency-key-reused"));
    let elsewhere = root.send(Method::DELETE, &path, None, &[("idempotency-key", "k1")]).await?;
    assert_eq!(elsewhere.status.as_u16(), 422);
    let another_key = patch("Dana L", "k2").await?;
    assert_ne!(first.headers[header::LOCATION], another_key.headers[header::LOCATION]);
    assert_eq!(ingress.kept().await?.len(), 2);
    let bad = root.send(Method::DELETE, &path, None, &[("idempotency-key", "two words")]).await?;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);

    // The outcome is there: the same request is answered by it, and kept no more.
    let event = ingress.kept().await?[0].1.clone();
    finish(&ingress, &event, "succeeded", None).await?;
    let headers = [("idempotency-key", "k1"), ("prefer", "wait=5")];
    let done = root.send(Method::PATCH, &path, Some(json!({ "name": "Dana L" })), &headers).await?;
    assert_eq!((done.status, &done.body["operation"]["state"]), (StatusCode::OK, &json!("succeeded")));
    assert_eq!(ingress.kept().await?.len(), 2);
    Ok(())
}

//! Commands of the CRM while what is behind the ingress is away: kept and applied later,
//! or refused whole.

use anyhow::{Context as _, Result, ensure};
use prosaas_domain::rights::Role;
use prosaas_tests::{
    eventually::{SOON, eventually},
    http1::Reply,
    person::Person,
    stack::Stack,
};
use serde_json::{Value, json};

fn json_of(reply: &Reply) -> Result<Value> {
    serde_json::from_slice(&reply.body).with_context(|| reply.text())
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test]
async fn a_command_without_nats_is_kept_and_succeeds_later() -> Result<()> {
    let mut stack = Stack::start().await?;
    let dana = Person::log_in(&stack, Role::Agent).await?;
    stack.nats.stop().await?;
    let key = [("Idempotency-Key", "once"), ("Prefer", "wait=2")];
    let create = json!({ "name": "Noa", "phones": ["054-1234567"] });
    let accepted = dana.ask("POST", "/api/leads", &key, Some(create.clone())).await?;
    ensure!(accepted.status == 202, "{} {}", accepted.status, accepted.text());
    let location = accepted.header("location").context("no location")?.to_owned();
    let lead = format!("/api/leads/{}", text(&json_of(&accepted)?, "/operation/entity_id"));
    let pending = json_of(&dana.ask("GET", &location, &[], None).await?)?;
    assert_eq!(text(&pending, "/operation/state"), "pending");
    assert_eq!(dana.ask("GET", &lead, &[], None).await?.status, 404, "nothing is there before it is applied");
    // Sent again, because nothing seems to happen: it is the same operation.
    let again = dana.ask("POST", "/api/leads", &key, Some(create)).await?;
    assert_eq!((again.status, again.header("location")), (202, Some(location.as_str())));

    stack.nats.restart().await?;
    eventually("the operation succeeds", SOON, || async {
        let operation = json_of(&dana.ask("GET", &location, &[], None).await?)?;
        ensure!(text(&operation, "/operation/state") == "succeeded", "{operation}");
        Ok(())
    })
    .await?;
    assert_eq!(text(&json_of(&dana.ask("GET", &lead, &[], None).await?)?, "/name"), "Noa");
    assert_eq!(stack.count("SELECT count(*) FROM prosaas.leads").await?, 1);
    let records = "SELECT count(*) FROM prosaas.audit_records WHERE action = 'lead.create'";
    assert_eq!(stack.count(records).await?, 1);
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn without_postgres_every_request_is_refused_whole() -> Result<()> {
    let stack = Stack::start().await?;
    let dana = Person::log_in(&stack, Role::Agent).await?;
    stack.database.proxy().cut().await;
    let create = json!({ "name": "Noa" });
    for (method, path, body) in [
        ("GET", "/api/leads", None),
        ("GET", "/api/auth/me", None),
        ("POST", "/api/leads", Some(create.clone())),
        ("POST", "/api/auth/login", Some(json!({ "email": "dana@example.com", "password": "bicycle" }))),
        ("DELETE", "/api/leads/00000000-0000-7000-8000-000000000001", None),
    ] {
        let refused = dana.ask(method, path, &[("Prefer", "wait=1")], body).await?;
        let problem = json_of(&refused)?;
        ensure!(refused.status == 503, "{method} {path}: {} {problem}", refused.status);
        assert_eq!(text(&problem, "/type"), "/problems/unavailable", "{method} {path}");
        assert!(refused.header("retry-after").is_some(), "{method} {path}: {problem}");
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    }
    let kept = stack.ingress.metric("prosaas_log_depth").await?;
    assert!(kept < 1.0, "{kept} refused commands were kept");
    stack.database.proxy().restore().await?;
    // The next one is applied, and it is the only one, however often it has to be sent.
    let once = [("Idempotency-Key", "afterwards"), ("Prefer", "wait=20")];
    let made = eventually("Postgres is reached again", SOON, || async {
        let made = dana.ask("POST", "/api/leads", &once, Some(create.clone())).await?;
        ensure!(made.status == 200, "{} {}", made.status, made.text());
        Ok(made)
    })
    .await?;
    assert_eq!(text(&json_of(&made)?, "/operation/state"), "succeeded");
    assert_eq!(stack.count("SELECT count(*) FROM prosaas.leads").await?, 1);
    stack.passed();
    Ok(())
}

/// The ingress cannot know that somebody else has asked for the same: only the worker sees it.
#[tokio::test]
async fn what_a_worker_refuses_names_its_field_to_whoever_asked() -> Result<()> {
    let mut stack = Stack::start().await?;
    let admin = Person::log_in_admin(&stack).await?;
    stack.workers.kill().await?;
    let create = |name: &str| json!({ "name": name, "numbers": ["+97233724001"] });
    let mut locations = Vec::new();
    for (key, name) in [("first", "Bakery"), ("second", "Thief")] {
        let headers = [("Idempotency-Key", key), ("Prefer", "wait=0")];
        let accepted = admin.ask("POST", "/api/admin/businesses", &headers, Some(create(name))).await?;
        ensure!(accepted.status == 202, "{} {}", accepted.status, accepted.text());
        locations.push(accepted.header("location").context("no location")?.to_owned());
    }
    stack.workers.start()?;
    let ended = eventually("both are applied or refused", SOON, || async {
        let mut ended = Vec::new();
        for location in &locations {
            let operation = json_of(&admin.ask("GET", location, &[], None).await?)?;
            ensure!(text(&operation, "/operation/state") != "pending", "{operation}");
            ended.push(operation);
        }
        Ok(ended)
    })
    .await?;
    // Workers carry out several commands at once: either may be the one that is late.
    let is_refused = |operation: &Value| text(operation, "/operation/state") == "failed";
    assert_eq!(ended.iter().filter(|operation| is_refused(operation)).count(), 1, "{ended:?}");
    let (key, name) =
        if ended.first().is_some_and(is_refused) { ("first", "Bakery") } else { ("second", "Thief") };
    let refused = ended.iter().find(|operation| is_refused(operation)).context("none")?;
    let problem = refused.pointer("/operation/problem").context("no problem")?;
    // Whoever asks again and waits is answered by the same problem.
    let headers = [("Idempotency-Key", key), ("Prefer", "wait=20")];
    let again = admin.ask("POST", "/api/admin/businesses", &headers, Some(create(name))).await?;
    assert_eq!(again.status, 409, "{}", again.text());
    for problem in [problem, &json_of(&again)?] {
        assert_eq!(text(problem, "/type"), "/problems/number-taken", "{problem}");
        assert_eq!(text(problem, "/errors/0/field"), "numbers", "{problem}");
        assert_eq!(text(problem, "/errors/0/code"), "taken", "{problem}");
    }
    stack.passed();
    Ok(())
}

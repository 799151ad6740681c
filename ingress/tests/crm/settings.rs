//! Settings and businesses.

use anyhow::Result;
use http::Method;
use prosaas_domain::rights::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{FOREIGN, OWN, World, findings, nothing, problem};

async fn seeded() -> Result<World> {
    let world = World::new().await?;
    world.businesses().await?;
    world
        .sql(format!(
            "INSERT INTO prosaas.business_numbers (id, business_id, e164) VALUES
                (gen_random_uuid(), '{OWN}', '+97233724000'), (gen_random_uuid(), '{FOREIGN}', '+97233724001');
             UPDATE prosaas.businesses SET call_settings_revision = 7 WHERE id = '{OWN}'"
        ))
        .await?;
    Ok(world)
}

#[tokio::test]
async fn settings_are_read_and_changed_by_their_revision() -> Result<()> {
    let world = seeded().await?;
    let owner = world.login(Some(OWN), Role::Owner).await?;
    let manager = world.login(Some(OWN), Role::Manager).await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    let path = format!("/api/businesses/{OWN}/settings");
    let read = world.get(&manager, &path).await?;
    assert_eq!((read.status.as_u16(), read.header("etag")), (200, "\"7\""));
    let settings = read.json();
    assert_eq!(
        (&settings["numbers"], &settings["settings"]["mode"]),
        (&json!(["+97233724000"]), &json!("record"))
    );
    assert_eq!(world.get(&agent, &path).await?.status, 403);
    assert_eq!(world.get(&owner, &format!("/api/businesses/{FOREIGN}/settings")).await?.status, 404);
    assert_eq!(world.read(&agent, &format!("/api/businesses/{OWN}")).await?["name"], "מספרת דנה");

    let put = async |who, if_match: Option<&str>, body: Value| {
        let headers: Vec<_> = if_match.into_iter().map(|tag| ("if-match", tag)).collect();
        world.send(who, Method::PUT, &path, &headers, Some(&body)).await
    };
    let whole = json!({"name": "דנה", "time_zone": "Asia/Jerusalem", "settings": {"greeting": "שלום"}});
    assert_eq!(put(&owner, None, whole.clone()).await?.status, 428);
    assert_eq!(put(&owner, Some("\"6\""), whole.clone()).await?.status, 412);
    assert_eq!(put(&manager, Some("\"7\""), whole.clone()).await?.status, 403);
    let accepted = put(&owner, Some("\"7\""), whole).await?;
    assert_eq!(
        (accepted.status.as_u16(), &accepted.json()["operation"]["action"]),
        (202, &json!("business.configure"))
    );
    for (body, field, code) in [
        (json!({"settings": {"mode": "forward"}}), "targets", "nobody_to_forward_to"),
        (
            json!({"settings": {"mode": "forward", "forward_to": ["+97233724000"]}}),
            "forward_to[0]",
            "own_number",
        ),
        (json!({"settings": {"targets": [{"who": {"number": "054-1"}}]}}), "targets[0]", "no_number"),
        (
            json!({"settings": {"targets": [{"who": {"member": "00000000-0000-7000-8000-0000000000ff"}}]}}),
            "targets[0]",
            "not_reachable",
        ),
        (
            json!({"settings": {"menu": {"options": {"1": {"label": "x", "then": {
                "do": "forward", "targets": [{"who": {"number": "03-3724000"}}],
            }}}}}}),
            "menu.options.1.then.targets[0]",
            "own_number",
        ),
        (json!({"settings": {}, "time_zone": "Mars/Olympus"}), "time_zone", "unknown"),
        (json!({"settings": {"greting": "x"}}), "greting", "format"),
        (nothing(), "", "format"),
    ] {
        let refused = put(&owner, Some("\"7\""), body.clone()).await?;
        assert_eq!(refused.status, 422, "{body}");
        let found = findings(&refused)[0].clone();
        let named = found.0.strip_prefix("settings.").unwrap_or(&found.0);
        let named = named.strip_suffix(".who").unwrap_or(named);
        assert_eq!((named, found.1.as_str()), (field, code), "{body}");
    }
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_preview_tells_what_callers_would_hear() -> Result<()> {
    let world = seeded().await?;
    let manager = world.login(Some(OWN), Role::Manager).await?;
    let path = format!("/api/businesses/{OWN}/settings/preview");
    let verbs = |steps: &Value| {
        let steps = steps.as_array().unwrap();
        steps.iter().map(|step| step["verb"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let settings = json!({
        "mode": "forward", "forward_to": ["+972541234567"], "forward_timeout_s": 30,
        "hours": {}, "closed_message": "סגור & נעול", "closed_action": "hang_up",
    });
    let answer = world.post(&manager, &path, json!({"settings": settings})).await?;
    assert_eq!(answer.status, 200);
    let preview = answer.json();
    assert_eq!(preview["now"], "closed", "no day has hours");
    assert_eq!(verbs(&preview["open"]), "say dial");
    assert_eq!(
        preview["open"][1],
        json!({"verb": "dial", "numbers": ["+972541234567"], "timeout_s": 30, "recorded": true})
    );
    assert!(preview["open"][0]["text"].as_str().unwrap().contains("מספרת דנה"));
    assert_eq!(verbs(&preview["closed"]), "say hang_up");
    assert_eq!(preview["closed"][0]["text"], "סגור & נעול");
    assert_eq!(verbs(&preview["nobody_answered"]), "say record say hang_up");
    assert_eq!(verbs(&preview["after_recording"]), "say hang_up");
    assert!(preview["question"].as_str().unwrap().contains("מספרת דנה"), "mobile phones are asked");
    let many: Vec<Value> = (0..11).map(|_| json!({"number": "+972541234567", "ask": true})).collect();
    for (screening, field) in [
        (json!(many), "screening"),
        (json!([{"number": "dana", "ask": true}]), "screening[0].number"),
        (
            json!([{"number": "+972541234567", "ask": true}, {"number": "054-1234567", "ask": false}]),
            "screening[1]",
        ),
    ] {
        let settings = json!({"mode": "forward", "forward_to": ["+972541234567"], "screening": screening});
        let refused = world.post(&manager, &path, json!({"settings": settings})).await?;
        assert_eq!((refused.status.as_u16(), findings(&refused)[0].0.as_str()), (422, field));
    }
    // In any spelling; what is said of another number says nothing.
    let unasked = json!({
        "mode": "forward", "forward_to": ["+972541234567"],
        "screening": [{"number": "054-123 4567", "ask": false}, {"number": "03-3724000", "ask": true}],
    });
    let answer = world.post(&manager, &path, json!({"settings": unasked})).await?;
    assert_eq!((answer.status.as_u16(), answer.json()["question"].clone()), (200, Value::Null));
    let wrong = world.post(&manager, &path, json!({"settings": {"max_message_s": 1}})).await?;
    assert_eq!(wrong.status, 422);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn system_admins_run_businesses() -> Result<()> {
    let world = seeded().await?;
    let owner = world.login(Some(OWN), Role::Owner).await?;
    let admin = world.login(None, Role::SystemAdmin).await?;
    let list = "/api/admin/businesses";
    let (numbers, rest) = (format!("{list}/{OWN}/numbers"), format!("{list}/{OWN}/deactivate"));
    for (method, path, body) in [
        (Method::GET, list, None),
        (Method::POST, list, Some(json!({"name": "x"}))),
        (Method::POST, rest.as_str(), None),
        (Method::PUT, numbers.as_str(), Some(json!({"numbers": []}))),
    ] {
        assert_eq!(world.send(&owner, method, path, &[], body.as_ref()).await?.status, 403, "{path}");
    }
    assert_eq!(world.walk(&admin, list, 1, "/id").await?.len(), 2);
    assert_eq!(world.walk(&admin, &format!("{list}?q=724001"), 50, "/name").await?, ["Other"]);
    assert_eq!(world.walk(&admin, &format!("{list}?q=oth&active=true"), 50, "/name").await?, ["Other"]);
    let made = world.post(&admin, list, json!({"name": "New", "numbers": ["03-3724002"]})).await?;
    assert_eq!(made.status, 202);
    let taken = world.post(&admin, list, json!({"name": "New", "numbers": ["03-3724001"]})).await?;
    assert_eq!(problem(&taken), (409, "/problems/number-taken".to_owned()));
    assert_eq!(taken.json()["errors"][0]["field"], "numbers");
    for (body, status) in [
        (json!({"numbers": ["+97233724000", "+97233724003"]}), 202),
        (json!({"numbers": ["+97233724001"]}), 409),
        (json!({"numbers": ["dana"]}), 422),
    ] {
        assert_eq!(
            world.send(&admin, Method::PUT, &numbers, &[], Some(&body)).await?.status.as_u16(),
            status
        );
    }
    assert_eq!(world.send(&admin, Method::POST, &rest, &[], None).await?.status, 202);
    let unknown = format!("{list}/{}/activate", Uuid::from_u128(1));
    assert_eq!(world.send(&admin, Method::POST, &unknown, &[], None).await?.status, 404);
    world.passed();
    Ok(())
}

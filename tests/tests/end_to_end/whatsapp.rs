//! WhatsApp, from the button to "connected" and back: the real service with the unmodified
//! library, a simulated WhatsApp, and everything of ours in between, through
//! `/api/whatsapp/baileys/…`.

use std::net::SocketAddr;

use anyhow::Context as _;
use prosaas_accounts::people::{self, NewPerson};
use prosaas_domain::rights::Role;
use prosaas_tests::{
    eventually::{SOON, becomes, eventually},
    http1::{Reply, Request},
    stack::{Options, Stack},
    whatsapp::{SECRET, WhatsApp},
};
use secrecy::SecretString;
use serde_json::{Value, json};

/// The phone that links.
const PHONE: &str = "972541234567";

/// Somebody who is logged in.
struct Person {
    ingress: SocketAddr,
    cookie: String,
}

impl Person {
    async fn log_in(stack: &Stack, role: Role) -> anyhow::Result<Self> {
        const PASSWORD: &str = "bicycle-in-the-rain";
        let email = format!("{}@example.com", role.as_str());
        let (business, password) = (Some(stack.business().await?), SecretString::from(PASSWORD));
        let person = NewPerson { business, email: &email, name: "Dana", role, password: &password };
        people::create(&stack.pool, &person).await?;
        let nobody = Self { ingress: stack.ingress.address(), cookie: String::new() };
        let login = json!({ "email": email, "password": PASSWORD });
        let reply = nobody.ask("POST", "/api/auth/login", Some(login)).await?;
        anyhow::ensure!(reply.status == 200, "login: {} {}", reply.status, reply.text());
        let cookie =
            reply.header("set-cookie").and_then(|text| text.split(';').next()).context("no cookie")?;
        Ok(Self { cookie: cookie.to_owned(), ..nobody })
    }

    async fn ask(&self, method: &str, target: &str, body: Option<Value>) -> anyhow::Result<Reply> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut headers = vec![("Host", "prosaas.pro".to_owned()), ("Cookie", self.cookie.clone())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        let request = Request { method, target, headers, body: body.as_bytes() };
        request.send_within(self.ingress, SOON).await
    }

    /// Asks one of WhatsApp's routes; the status must be `wanted`.
    async fn whatsapp(&self, method: &str, route: &str, wanted: u16) -> anyhow::Result<Value> {
        let reply = self.ask(method, &format!("/api/whatsapp/baileys/{route}"), None).await?;
        anyhow::ensure!(reply.status == wanted, "{method} {route}: {} {}", reply.status, reply.text());
        Ok(serde_json::from_slice(&reply.body)?)
    }

    /// Presses the button; a QR code must come.
    async fn qr(&self) -> anyhow::Result<String> {
        let answer = self.whatsapp("POST", "init", 200).await?;
        Ok(answer
            .get("qr")
            .and_then(Value::as_str)
            .with_context(|| format!("no QR code: {answer}"))?
            .to_owned())
    }

    /// Waits until status says so.
    async fn sees(&self, state: &str) -> anyhow::Result<Value> {
        eventually(&format!("the state {state}"), SOON, || async {
            let status = self.whatsapp("GET", "status", 200).await?;
            anyhow::ensure!(status.get("state").and_then(Value::as_str) == Some(state), "{status}");
            Ok(status)
        })
        .await
    }
}

async fn start() -> anyhow::Result<(Stack, WhatsApp, Person)> {
    let mut stack = Stack::start_with(Options { whatsapp: true, ..Options::default() }).await?;
    let whatsapp = stack.whatsapp.take().context("the service was asked for")?;
    let person = Person::log_in(&stack, Role::Manager).await?;
    Ok((stack, whatsapp, person))
}

/// Nothing failed for good, and nothing that links or names somebody was logged.
async fn is_sound(stack: &Stack, secrets: &[&str]) -> anyhow::Result<()> {
    let dead = stack.nats.messages("DEAD").await?;
    anyhow::ensure!(dead == 0, "{dead} dead letters");
    let rejected = "SELECT count(*) FROM prosaas.whatsapp_outbox WHERE rejected_at IS NOT NULL";
    anyhow::ensure!(stack.count(rejected).await? == 0, "the ingress refused facts");
    let logs = stack.scratch.all_logs()?;
    for secret in secrets.iter().chain(&[PHONE, SECRET]) {
        anyhow::ensure!(!secret.is_empty() && !logs.contains(secret), "a log line holds {secret:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_links_by_one_press_and_stays_linked() -> anyhow::Result<()> {
    let (stack, mut whatsapp, manager) = start().await?;
    let before = manager.whatsapp("GET", "status", 200).await?;
    assert_eq!(before["state"], "not_linked", "{before}");
    let early = manager.whatsapp("GET", "qr", 200).await?;
    assert_eq!(early["success"], false, "{early}");

    let qr = manager.qr().await?;
    assert_eq!(manager.whatsapp("GET", "qr", 200).await?["qr"], qr.as_str());
    let waiting = manager.sees("qr_ready").await?;
    assert!(waiting["qrExpiresAt"].is_string() && waiting["since"].is_string(), "{waiting}");
    assert_eq!(manager.qr().await?, qr, "pressed twice, it is the same code");

    whatsapp.simulate("scan", json!({ "qr": qr, "phone": PHONE })).await?;
    let linked = manager.sees("connected").await?;
    assert_eq!((&linked["phone"], &linked["reason"]), (&json!(format!("+{PHONE}")), &Value::Null));
    for (method, route) in [("POST", "init"), ("GET", "qr")] {
        let answer = manager.whatsapp(method, route, 200).await?;
        assert_eq!(answer, json!({ "success": true, "alreadyLinked": true }), "{route}");
    }

    whatsapp.kill().await?;
    let away = manager.sees("reconnecting").await?;
    assert_eq!(away["code"], "service_away", "{away}");
    whatsapp.start().await?;
    manager.sees("connected").await?;
    let devices = whatsapp.simulate("list", json!({})).await?;
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(1), "no second scan: {devices}");

    whatsapp.simulate("drop", json!({ "phone": PHONE })).await?;
    eventually("the drop is told", SOON, || async {
        let drops = "SELECT count(*) FROM prosaas.whatsapp_session_events WHERE kind = 'dropped'";
        anyhow::ensure!(stack.count(drops).await? > 0);
        Ok(())
    })
    .await?;
    manager.sees("connected").await?;

    let accepted = manager.whatsapp("POST", "logout", 202).await?;
    assert_eq!(accepted["operation"]["state"], "pending");
    let ended = manager.sees("unlinked").await?;
    assert_eq!(ended["code"], "unlinked", "{ended}");
    let devices = whatsapp.simulate("list", json!({})).await?;
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(0), "unlinked at WhatsApp too: {devices}");

    let asked =
        "SELECT count(*) FROM prosaas.audit_records WHERE entity_type = 'whatsapp' AND actor_id IS NOT NULL";
    assert!(stack.count(asked).await? >= 2, "who linked and unlinked is audited");
    is_sound(&stack, &[&qr]).await?;
    stack.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_down_is_told_and_comes_back_by_itself() -> anyhow::Result<()> {
    let (stack, mut whatsapp, manager) = start().await?;
    whatsapp.stop().await?;
    let answer = manager.whatsapp("POST", "init", 200).await?;
    assert_eq!(answer["success"], false, "{answer}");
    let sentence = answer["error"].as_str().unwrap_or_default();
    assert!(sentence.contains("not answering") && sentence.contains("press the button"), "{sentence}");
    let status = manager.whatsapp("GET", "status", 200).await?;
    assert_eq!(status["state"], "requesting", "{status}");
    assert_eq!(
        (&answer["code"], &status["code"]),
        (&json!("service_away"), &json!("service_away")),
        "{status}"
    );
    let logs = stack.scratch.all_logs()?;
    assert!(logs.contains("whatsapp.refused") && logs.contains("cannot be reached"), "the cause is logged");

    whatsapp.start().await?;
    manager.sees("qr_ready").await?;
    let qr = manager.qr().await?;

    // Scanned while nobody takes the service's facts: they wait, and come in order.
    let mut stack = stack;
    stack.ingress.kill().await?;
    whatsapp.simulate("scan", json!({ "qr": qr, "phone": PHONE })).await?;
    let waiting = "SELECT count(*) FILTER (WHERE fact ->> 'kind' IN ('paired', 'connected')) FROM prosaas.whatsapp_outbox
                   HAVING max(attempts) > 0";
    becomes("the facts wait, and were tried in vain", SOON, 2, || stack.count(waiting)).await?;
    stack.ingress.start().await?;
    manager.sees("connected").await?;
    let kinds: Vec<String> =
        sqlx::query_scalar("SELECT kind FROM prosaas.whatsapp_session_events ORDER BY sequence")
            .fetch_all(&stack.pool)
            .await?;
    let told: Vec<&str> = kinds.iter().map(String::as_str).filter(|kind| *kind != "qr_issued").collect();
    assert_eq!(told, ["requesting", "paired", "connected"], "{kinds:?}");

    whatsapp.simulate("logout", json!({ "phone": PHONE })).await?;
    let removed = manager.sees("logged_out").await?;
    assert_eq!(
        (&removed["lastCode"], &removed["code"]),
        (&json!(401), &json!("device_removed")),
        "{removed}"
    );
    is_sound(&stack, &[&qr]).await?;
    stack.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_links_a_phone_and_an_agent_may_only_look() -> anyhow::Result<()> {
    let (stack, whatsapp, manager) = start().await?;
    let agent = Person::log_in(&stack, Role::Agent).await?;
    for (method, route) in [("POST", "init"), ("GET", "qr"), ("POST", "logout"), ("DELETE", "session")] {
        agent.whatsapp(method, route, 403).await?;
    }
    let wrong =
        manager.ask("POST", "/api/whatsapp/baileys/pairing-code", Some(json!({ "phone": "12" }))).await?;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    let asked = Some(json!({ "phone": "054-123-4567" }));
    let reply = manager.ask("POST", "/api/whatsapp/baileys/pairing-code", asked.clone()).await?;
    let answer: Value = serde_json::from_slice(&reply.body)?;
    let code = answer["code"].as_str().with_context(|| format!("no code: {answer}"))?.to_owned();
    assert!(reply.status == 200 && answer["expiresAt"].is_string(), "{answer}");
    manager.sees("code_ready").await?;
    whatsapp.simulate("enter-code", json!({ "code": code, "phone": PHONE })).await?;
    manager.sees("connected").await?;
    let shown = agent.whatsapp("GET", "status", 200).await?;
    assert_eq!((&shown["state"], &shown["phone"]), (&json!("connected"), &Value::Null), "{shown}");

    let reply = manager.ask("POST", "/api/whatsapp/baileys/pairing-code", asked).await?;
    let again: Value = serde_json::from_slice(&reply.body)?;
    assert!(again["error"].as_str().is_some_and(|text| text.contains("linked already")), "{again}");
    assert_eq!(
        stack.count("SELECT count(*) FROM prosaas.whatsapp_sessions WHERE pairing_code IS NOT NULL").await?,
        0
    );

    manager.whatsapp("DELETE", "session", 202).await?;
    manager.sees("not_linked").await?;
    let devices = whatsapp.simulate("list", json!({})).await?;
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(0), "{devices}");
    for table in
        ["SELECT count(*) FROM prosaas.whatsapp_credentials", "SELECT count(*) FROM prosaas.whatsapp_keys"]
    {
        assert_eq!(stack.count(table).await?, 0, "{table}");
    }
    manager.qr().await?;
    is_sound(&stack, &[&code]).await?;
    stack.passed();
    Ok(())
}

//! The API keeps to `docs/openapi.json`: a fuzzer asks the running system what the
//! document allows and what it does not, and holds every answer against it. The seed is
//! fixed; what another seed once found is a case of its own.

use std::{fs::File, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context as _, Result};
use prosaas_accounts::people::{self, NewPerson};
use prosaas_domain::rights::Role;
use prosaas_tests::{
    environment,
    http1::{Reply, Request},
    stack::Stack,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::process::Command;

/// How long one run may take: two minutes, on a machine that does nothing else.
const LIMIT: Duration = Duration::from_mins(30);

const PASSWORD: &str = "bicycle-in-the-rain";

/// Who asks, and for which routes.
struct Run {
    name: &'static str,
    role: Option<Role>,
    /// `--include-path-regex` or its opposite, and the expression.
    routes: [&'static str; 2],
}

const RUNS: [Run; 4] = [
    // Without a session: with one, the first logout would end it.
    Run { name: "nobody", role: None, routes: ["--include-path-regex", OPEN] },
    Run { name: "owner", role: Some(Role::Owner), routes: ["--exclude-path-regex", OF_OTHERS] },
    // By itself, because it ends the session that it is asked with.
    Run { name: "leaver", role: Some(Role::Agent), routes: ["--include-path-regex", "^/api/auth/sessions/"] },
    Run { name: "admin", role: Some(Role::SystemAdmin), routes: ["--include-path-regex", "^/api/admin/"] },
];

/// The routes that nobody need be logged in for.
const OPEN: &str = "^/api/auth/(login|logout|password-reset|password-reset/confirm|invitations/.*)$";

/// The routes of the other runs.
const OF_OTHERS: &str =
    "^/api/(admin/.*|auth/(login|logout|password-reset|password-reset/confirm|invitations/.*|sessions/.*))$";

/// A POST, whose answer must have this status.
async fn post(stack: &Stack, path: &str, cookie: &str, body: &Value, wanted: u16) -> Result<Reply> {
    let body = body.to_string();
    let headers = vec![
        ("Host", "prosaas.pro".to_owned()),
        ("Cookie", cookie.to_owned()),
        ("Prefer", "wait=20".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ];
    let request = Request { method: "POST", target: path, headers, body: body.as_bytes() };
    let reply = request.send_within(stack.ingress.address(), Duration::from_secs(30)).await?;
    anyhow::ensure!(reply.status == wanted, "{path}: {} {}", reply.status, reply.text());
    Ok(reply)
}

async fn log_in(stack: &Stack, name: &str, role: Role) -> Result<String> {
    let email = format!("contract-{name}@example.com");
    let business = if role == Role::SystemAdmin { None } else { Some(stack.business().await?) };
    let password = SecretString::from(PASSWORD);
    let person = NewPerson { business, email: &email, name: "Dana", role, password: &password };
    people::create(&stack.pool, &person).await?;
    let login = json!({ "email": email, "password": PASSWORD });
    let reply = post(stack, "/api/auth/login", "", &login, 200).await?;
    let cookie = reply.header("set-cookie").and_then(|text| text.split(';').next()).context("no cookie")?;
    Ok(cookie.to_owned())
}

/// A lead, made through the API.
async fn lead(stack: &Stack) -> Result<String> {
    let cookie = log_in(stack, "maker", Role::Agent).await?;
    let reply = post(stack, "/api/leads", &cookie, &json!({ "name": "Noa" }), 200).await?;
    let answer: Value = serde_json::from_slice(&reply.body)?;
    let id = answer.pointer("/operation/entity_id").and_then(Value::as_str);
    Ok(id.context("an operation names its lead")?.to_owned())
}

/// Runs the fuzzer; its report when it found something.
async fn fuzz(stack: &Stack, run: &Run, lead: &str) -> Result<Option<String>> {
    let contract = environment::root().join("tests/contract");
    let program: PathBuf = environment::python()?.with_file_name("schemathesis");
    anyhow::ensure!(program.exists(), "{} is missing: run `make test`", program.display());
    let report = stack.scratch.log(&format!("contract-{}", run.name));
    let cookie = match run.role {
        Some(role) => log_in(stack, run.name, role).await?,
        None => "none=".to_owned(),
    };
    let (_, token) = cookie.split_once('=').context("a cookie is a name and a value")?;
    let seed = environment::seed()?;
    // One worker: with several, Python 3.11 miscounts its own recursion.
    let mut child = Command::new(program)
        .current_dir(stack.scratch.folder(&format!("contract-{}", run.name))?)
        .env("SESSION", token)
        .env("BUSINESS", stack.business().await?.to_string())
        .env("LEAD", lead)
        .arg("--config-file")
        .arg(contract.join("schemathesis.toml"))
        .args(["--no-color", "run"])
        .arg(environment::root().join("docs/openapi.json"))
        .args(["--url", &format!("http://{}", stack.ingress.address())])
        .args(["--checks", "all", "--workers", "1", "--header", "Host: prosaas.pro"])
        .args(["--seed", &seed.to_string()])
        .args(run.routes)
        .stdin(Stdio::null())
        .stdout(File::create(&report)?)
        .stderr(File::options().append(true).open(&report)?)
        .kill_on_drop(true)
        .spawn()?;
    let status = tokio::time::timeout(LIMIT, child.wait()).await.context("the fuzzer does not end")??;
    let report = std::fs::read_to_string(&report)?;
    // Who is refused everywhere has found nothing out.
    let reached = run.name == "leaver" || !report.contains("returned only 401/403");
    Ok((!status.success() || !reached).then(|| format!("PROSAAS_TEST_SEED={seed}\n{report}")))
}

#[tokio::test]
async fn every_answer_is_one_of_the_document() -> Result<()> {
    let stack = Stack::start().await?;
    let (lead, mut found) = (lead(&stack).await?, Vec::new());
    for run in &RUNS {
        found.extend(fuzz(&stack, run, &lead).await?.map(|report| format!("as {}:\n{report}", run.name)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    stack.passed();
    Ok(())
}

/// Seven thousand ids: more than the schema allows, and more bytes than a body may have.
#[tokio::test]
async fn a_body_of_too_many_bytes_is_413() -> Result<()> {
    let stack = Stack::start().await?;
    let cookie = log_in(&stack, "bulk", Role::Agent).await?;
    let ids: Vec<_> = (0..7_000).map(|_| uuid::Uuid::new_v4()).collect();
    let reply = post(&stack, "/api/leads/bulk-delete", &cookie, &json!({ "ids": ids }), 413).await?;
    let problem: Value = serde_json::from_slice(&reply.body)?;
    assert_eq!(problem.get("type"), Some(&json!("/problems/too-large")));
    stack.passed();
    Ok(())
}

/// An address that is invited twice: the second invitation withdraws the first.
#[tokio::test]
async fn a_withdrawn_invitation_is_404() -> Result<()> {
    let stack = Stack::start().await?;
    let cookie = log_in(&stack, "inviter", Role::Owner).await?;
    let path = format!("/api/businesses/{}/invitations", stack.business().await?);
    let body = json!({ "email": "twice@example.com", "name": "Noa", "role": "agent" });
    let first: Value = serde_json::from_slice(&post(&stack, &path, &cookie, &body, 201).await?.body)?;
    post(&stack, &path, &cookie, &body, 201).await?;
    let first = first.pointer("/invitation/id").and_then(Value::as_str).context("an invitation has an id")?;
    let request = Request {
        method: "DELETE",
        target: &format!("{path}/{first}"),
        headers: vec![("Host", "prosaas.pro".to_owned()), ("Cookie", cookie)],
        body: &[],
    };
    let reply = request.send_within(stack.ingress.address(), Duration::from_mins(1)).await?;
    assert_eq!(reply.status, 404, "{}", reply.text());
    stack.passed();
    Ok(())
}

//! A telephone number is the same number wherever it enters: in the API, in a business's
//! settings, as a caller and in a search. The web app's forms are tested against the same
//! table (`frontend/test/phone-forms.test.ts`), and the reader itself in `shared`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use prosaas_domain::rights::Role;
use prosaas_tests::{
    eventually::eventually,
    person::Person,
    stack::Stack,
    twilio::{NUMBER, call_sid},
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(40);
const WAIT: (&str, &str) = ("Prefer", "wait=20");

/// A spelling and what it means.
struct Row {
    raw: &'static str,
    meaning: &'static str,
    several: bool,
}

impl Row {
    fn e164(&self) -> Option<&str> {
        Some(self.meaning).filter(|meaning| meaning.starts_with('+'))
    }
}

fn table() -> Result<Vec<Row>> {
    let lines = include_str!("../../fixtures/phones.tsv").lines();
    let rows = lines.filter(|line| !line.starts_with('#')).map(|line| {
        let mut columns = line.split('\t');
        let raw = columns.next().context("a spelling")?;
        let meaning = columns.next().context("a meaning")?;
        let several = columns.next().context("a reason")?.starts_with("two in one field");
        Ok(Row { raw, meaning, several })
    });
    rows.collect()
}

#[tokio::test]
async fn a_number_is_the_same_wherever_it_enters() -> Result<()> {
    let stack = Stack::start().await?;
    let owner = Person::log_in(&stack, Role::Owner).await?;
    let rows = table()?;
    ensure!(rows.len() >= 19, "{} rows", rows.len());
    for row in &rows {
        settings(&stack, &owner, row).await.with_context(|| format!("settings: {:?}", row.raw))?;
    }
    // A number that calls are forwarded to is no lead.
    forward(&stack, &owner, &[]).await?;
    for row in &rows {
        let lead = lead(&owner, row).await.with_context(|| format!("a lead: {:?}", row.raw))?;
        caller(&stack, &owner, row, &lead).await.with_context(|| format!("a caller: {:?}", row.raw))?;
    }
    stack.passed();
    Ok(())
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

async fn forward(stack: &Stack, owner: &Person, numbers: &[&str]) -> Result<(u16, Value)> {
    let path = format!("/api/businesses/{}/settings", stack.business().await?);
    let mode = if numbers.is_empty() { "record" } else { "forward" };
    let body = json!({ "settings": { "mode": mode, "forward_to": numbers } });
    let reply = owner.ask("PUT", &path, &[WAIT, ("If-Match", "*")], Some(body)).await?;
    Ok((reply.status, serde_json::from_slice(&reply.body)?))
}

/// What cannot be dialled from everywhere is refused, and the reason told.
async fn settings(stack: &Stack, owner: &Person, row: &Row) -> Result<()> {
    let (status, answer) = forward(stack, owner, &[row.raw]).await?;
    let Some(number) = row.e164().filter(|_| !row.several) else {
        let code = match (row.several, row.meaning) {
            (true, _) => "several_numbers",
            (_, "-") => "no_number",
            _ => "service_number",
        };
        let told = (text(&answer, "/errors/0/field"), text(&answer, "/errors/0/code"));
        assert_eq!((status, told), (422, ("forward_to[0]", code)), "{answer}");
        return Ok(());
    };
    ensure!(status == 200, "{status} {answer}");
    let stored: Value = sqlx::query_scalar("SELECT call_settings -> 'forward_to' FROM prosaas.businesses")
        .fetch_one(&stack.pool)
        .await?;
    assert_eq!(stored, json!([number]));
    Ok(())
}

/// It is kept as written, with its number, and found by its spelling and by its number.
async fn lead(owner: &Person, row: &Row) -> Result<String> {
    let body = json!({ "name": "Noa", "phones": [row.raw] });
    let made = owner.ask("POST", "/api/leads", &[WAIT], Some(body)).await?;
    let answer: Value = serde_json::from_slice(&made.body)?;
    ensure!(made.status == 200, "{} {answer}", made.status);
    let id = text(&answer, "/operation/entity_id").to_owned();
    let read = owner.ask("GET", &format!("/api/leads/{id}"), &[], None).await?;
    let read: Value = serde_json::from_slice(&read.body)?;
    let phones = json!([{ "raw": row.raw.trim(), "e164": row.e164() }]);
    assert_eq!(read.get("phones"), Some(&phones));
    for asked in [row.raw, row.meaning] {
        if asked == "-" {
            continue;
        }
        let found = search(owner, "/api/leads?q=", asked, "id").await?;
        ensure!(found.contains(&id), "{asked:?} finds {found:?}");
    }
    Ok(id)
}

/// A caller's number, their lead, whether they wait for a call back.
type Known = (Option<String>, Option<String>, bool);

/// The network's spelling is that lead, who waits for a call back and is found by it.
async fn caller(stack: &Stack, owner: &Person, row: &Row, lead: &str) -> Result<()> {
    let (twilio, call) = (stack.twilio(), call_sid());
    twilio.incoming(&call, row.raw, NUMBER).await?.twiml()?;
    let ended = |status: &'static str| {
        let call = &call;
        async move {
            let sql = "SELECT from_e164, lead_id::text, callback_needed FROM prosaas.calls
                       WHERE call_sid = $1 AND status = $2 AND details_source = 'incoming'";
            let found: Known = sqlx::query_as(sql).bind(call).bind(status).fetch_one(&stack.pool).await?;
            Ok(found)
        }
    };
    eventually("the call is there", LIMIT, || ended("ringing")).await?;
    ensure!(twilio.status(&call, "completed", 3, &[]).await?.status == 204);
    let (number, who, back) = eventually("the call has ended", LIMIT, || ended("completed")).await?;
    assert_eq!(number.as_deref(), row.e164());
    assert_eq!(who.as_deref(), row.e164().map(|_| lead));
    assert_eq!(back, row.e164().is_some());
    if row.e164().is_some() && row.raw.chars().count() <= 40 {
        let found = search(owner, "/api/calls?number=", row.raw, "call_sid").await?;
        assert_eq!(found, [call]);
    }
    Ok(())
}

async fn search(owner: &Person, path: &str, asked: &str, field: &str) -> Result<Vec<String>> {
    let asked: String = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect();
    let reply = owner.ask("GET", &format!("{path}{asked}"), &[], None).await?;
    let page: Value = serde_json::from_slice(&reply.body)?;
    ensure!(reply.status == 200, "{} {page}", reply.status);
    let items = page.get("items").and_then(Value::as_array).context("items")?.iter();
    Ok(items.map(|item| text(item, &format!("/{field}")).to_owned()).collect())
}

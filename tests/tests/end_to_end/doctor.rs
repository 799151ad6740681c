//! `prosaas-ops doctor` finds a sound deployment sound, and each fault by its name.

use std::collections::BTreeMap;

use anyhow::Context as _;
use futures_util::future::try_join_all;
use prosaas_tests::{
    ports,
    stack::{Options, Stack},
    twilio::{NUMBER, TOKEN},
    whatsapp::SECRET,
};
use serde_json::{Value, json};

/// Exit code: something must be mended.
const UNWELL: i32 = 7;

/// Settings that differ from the stack's.
type Settings = Vec<(&'static str, String)>;

/// What the doctor said: each check's outcome and words.
struct Told {
    code: Option<i32>,
    checks: BTreeMap<String, (String, String)>,
}

impl Told {
    /// Checks with that outcome, as `area: check`.
    fn with(&self, outcome: &str) -> Vec<&str> {
        let wanted = |(_, (held, _)): &(&String, &(String, String))| held == outcome;
        self.checks.iter().filter(wanted).map(|(check, _)| check.as_str()).collect()
    }
}

/// The settings under which the stack is a sound deployment: the ingress itself is public.
fn settings(stack: &Stack, changes: &Settings) -> Settings {
    let log = stack.ingress.environment.get("EVENT_LOG_PATH").cloned().unwrap_or_default();
    let mut settings = vec![
        ("PUBLIC_URL", public(stack)),
        ("EVENT_LOG_PATH", log),
        ("EVENT_LOG_MAX_BYTES", "1000000".to_owned()),
        ("NATS_STORE_DIR", stack.scratch.path().join("nats").display().to_string()),
        ("NATS_STORE_MAX_BYTES", "134217728".to_owned()),
    ];
    settings.extend(changes.iter().cloned());
    settings
}

fn public(stack: &Stack) -> String {
    format!("http://{}", stack.ingress.address())
}

async fn doctor(stack: &Stack, changes: &Settings) -> anyhow::Result<Told> {
    let (status, text) = stack.ops_with(&["doctor", "--json"], &settings(stack, changes)).await?;
    for secret in [TOKEN, SECRET, "lawnmower-on-tuesday"] {
        assert!(!text.contains(secret), "a secret is printed: {text}");
    }
    let findings: Vec<Value> =
        serde_json::Deserializer::from_str(&text).into_iter().next().with_context(|| text.clone())??;
    let mut checks = BTreeMap::new();
    for finding in &findings {
        let of = |name: &str| finding.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if of("outcome") == "broken" {
            assert!(!of("fix").is_empty(), "nothing says what to do: {finding}");
        }
        let check = format!("{}: {}", of("area"), of("check"));
        assert!(checks.insert(check, (of("outcome"), of("found"))).is_none(), "told twice: {finding}");
    }
    Ok(Told { code: status.code(), checks })
}

fn number(public: &str) -> Value {
    json!({
        "voice_url": format!("{public}/webhook/incoming_call"), "voice_method": "POST",
        "voice_fallback_url": "https://handler.twilio.com/twiml/EH1", "voice_application_sid": "",
        "status_callback": format!("{public}/webhook/call_status"), "status_callback_method": "POST",
        "trunk_sid": null,
    })
}

async fn sound(stack: &Stack, changes: &Settings) -> anyhow::Result<()> {
    let told = doctor(stack, changes).await?;
    assert_eq!(told.code, Some(0), "{:?}", told.checks);
    assert_eq!(told.with("ok").len(), told.checks.len(), "{:?}", told.checks);
    Ok(())
}

/// Exactly these checks are broken; they stand in the order of the alphabet.
async fn broken(stack: &Stack, changes: &Settings, wanted: &[&str]) -> anyhow::Result<()> {
    let told = doctor(stack, changes).await?;
    assert_eq!(told.code, Some(UNWELL), "{:?}", told.checks);
    assert_eq!(told.with("broken"), wanted, "{:?}", told.checks);
    Ok(())
}

#[tokio::test]
async fn a_sound_deployment_is_sound_and_each_fault_has_its_name() -> anyhow::Result<()> {
    let stack = Stack::start_with(Options { whatsapp: true, ..Options::default() }).await?;
    stack.recordings.has_number(NUMBER, number(&public(&stack)))?;
    sound(&stack, &vec![]).await?;
    let (status, table) = stack.ops_with(&["doctor"], &settings(&stack, &vec![])).await?;
    assert!(status.success() && table.starts_with("AREA"), "{table}");
    assert!(table.trim_end().ends_with("checks, 0 broken, 0 skipped"), "{table}");
    assert_eq!(stack.nats.messages("CALLS").await?, 0, "the question became an event");
    assert_eq!(stack.count("SELECT count(*) FROM prosaas.calls").await?, 0);

    settings_that_are_wrong(&stack).await?;
    twilio_that_is_set_otherwise(&stack).await?;
    sound(&stack, &vec![]).await?;
    definitions_that_are_not_ours(&stack).await?;
    stack.passed();
    Ok(())
}

async fn settings_that_are_wrong(stack: &Stack) -> anyhow::Result<()> {
    let nowhere = ports::free()?;
    let nats = stack.nats.url(prosaas_platform::bus::Role::Ops);
    let database =
        |name: &str| stack.database.url().rsplit_once('/').map(|(server, _)| format!("{server}/{name}"));
    let voice = format!("Twilio: number {NUMBER}, voice");
    let status = format!("Twilio: number {NUMBER}, status");
    let cases: [(&'static str, String, Vec<&str>); 12] = [
        ("NATS_STORE_MAX_BYTES", "8589934592".to_owned(), vec!["NATS: room for the streams"]),
        (
            "TWILIO_AUTH_TOKEN",
            TOKEN.chars().rev().collect(),
            vec!["Twilio: credentials", "public address: a signed webhook"],
        ),
        (
            "TWILIO_ACCOUNT_SID",
            "AC00000000000000000000000000000002".to_owned(),
            vec!["Twilio: credentials", "public address: a signed webhook"],
        ),
        ("TWILIO_API_BASE", format!("http://{nowhere}"), vec!["Twilio: credentials"]),
        (
            "PUBLIC_URL",
            format!("http://{nowhere}"),
            vec![&status, &voice, "public address: a signed webhook"],
        ),
        ("INTERNAL_SECRET", SECRET.to_lowercase(), vec!["WhatsApp service: a signed question"]),
        ("BAILEYS_BASE_URL", format!("http://{nowhere}"), vec!["WhatsApp service: /health"]),
        ("NATS_URL", nats.replace("ops:", "ops:x"), vec!["NATS: login"]),
        ("NATS_URL", format!("nats://ops:x@{nowhere}"), vec!["NATS: login"]),
        ("DATABASE_URL", database("no_such_database").context("a path")?, vec!["Postgres: login"]),
        ("EVENT_LOG_MAX_BYTES", u64::MAX.to_string(), vec!["disk: the ingress's log"]),
        ("RECORDINGS_URL", "file:///no/such/folder".to_owned(), vec!["disk: recordings"]),
    ];
    // Some wait for an answer that never comes; all at once would be too much for a small machine.
    for some in cases.chunks(4) {
        let asked = some.iter().map(|(name, value, wanted)| async move {
            let found = broken(stack, &vec![(*name, value.clone())], wanted).await;
            found.with_context(|| format!("{name}={value}"))
        });
        try_join_all(asked).await?;
    }

    let told = doctor(stack, &vec![("TWILIO_AUTH_TOKEN", String::new())]).await?;
    for check in ["Twilio: credentials", "public address: a signed webhook"] {
        let (outcome, found) = told.checks.get(check).context("the check")?;
        assert_eq!(outcome, "skipped", "{:?}", told.checks);
        assert!(found.contains("TWILIO_AUTH_TOKEN"), "{found}");
    }
    Ok(())
}

async fn twilio_that_is_set_otherwise(stack: &Stack) -> anyhow::Result<()> {
    let (twilio, none) = (&stack.recordings, vec![]);
    let changed = |field: &str, value: Value| {
        let mut settings = number(&public(stack));
        if let Some(held) = settings.get_mut(field) {
            *held = value;
        }
        settings
    };
    for (field, value, check) in [
        ("voice_url", json!("https://demo.twilio.com/welcome/voice/"), "voice"),
        ("voice_application_sid", json!("AP00000000000000000000000000000001"), "voice"),
        ("status_callback", json!(""), "status"),
        ("voice_fallback_url", Value::Null, "fallback"),
    ] {
        twilio.has_number(NUMBER, changed(field, value))?;
        broken(stack, &none, &[&format!("Twilio: number {NUMBER}, {check}")]).await.context(field)?;
    }
    twilio.has_number(NUMBER, changed("voice_method", json!("GET")))?;
    let told = doctor(stack, &none).await?;
    assert_eq!(told.code, Some(0), "advice is no fault: {:?}", told.checks);
    assert_eq!(told.with("advice"), [format!("Twilio: number {NUMBER}, methods")]);
    twilio.has_number(NUMBER, number(&public(stack)))?;

    // TWILIO_PHONE_NUMBER is looked at beside those of the businesses.
    let other = vec![("TWILIO_PHONE_NUMBER", "+972000000002".to_owned())];
    broken(stack, &other, &["Twilio: number +972000000002"]).await?;
    twilio.suspend(true)?;
    broken(stack, &none, &["Twilio: credentials"]).await?;
    twilio.suspend(false)?;
    twilio.says_it_is(Some("Fri, 15 Jan 2021 08:00:00 GMT"))?;
    broken(stack, &none, &["clock: against Twilio"]).await?;
    twilio.says_it_is(None)
}

async fn definitions_that_are_not_ours(stack: &Stack) -> anyhow::Result<()> {
    let none = vec![];
    let last = "version = (SELECT max(version) FROM prosaas._sqlx_migrations)";
    let run = async |change: &str| {
        let sql = format!("UPDATE prosaas._sqlx_migrations SET {change} WHERE {last}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&stack.pool).await
    };
    for (change, back) in [
        ("success = false", "success = true"),
        ("checksum = checksum || 'x'", "checksum = substring(checksum FOR length(checksum) - 1)"),
        ("version = version + 1000", "version = version - 1000"),
    ] {
        run(change).await?;
        broken(stack, &none, &["Postgres: migrations"]).await.context(change)?;
        run(back).await?;
    }
    let calls = stack.nats.jetstream().await?.get_stream("CALLS").await?;
    calls.delete_consumer("calls").await?;
    broken(stack, &none, &["NATS: streams and consumers"]).await?;
    let (status, output) = stack.ops(&["setup"]).await?;
    assert!(status.success(), "{output}");
    sound(stack, &none).await
}

#[tokio::test]
async fn an_ingress_that_believes_everybody_is_found() -> anyhow::Result<()> {
    let stack =
        Stack::start_with(Options { without_validation: true, ingress_only: true, ..Options::default() })
            .await?;
    let told = doctor(&stack, &vec![]).await?;
    assert_eq!(told.code, Some(UNWELL));
    assert!(told.with("broken").contains(&"public address: a tampered webhook"), "{:?}", told.checks);
    // Nobody has run `prosaas-ops setup` there.
    assert!(told.with("broken").contains(&"Postgres: migrations"), "{:?}", told.checks);
    stack.passed();
    Ok(())
}

//! For operators: finding what failed, and asking for what shall be done with it.

use anyhow::{Context as _, Result};
use http::StatusCode;
use prosaas_domain::rights::Role;
use serde_json::{Value, json};

use crate::support::{Client, Ingress};

const PATHS: [(&str, &str); 13] = [
    ("GET", "/api/admin/dead-letters"),
    ("GET", "/api/admin/dead-letters/groups"),
    ("GET", "/api/admin/dead-letters/00000000-0000-0000-0000-000000000001"),
    ("POST", "/api/admin/dead-letters/count"),
    ("POST", "/api/admin/dead-letters/discard"),
    ("GET", "/api/admin/replays"),
    ("POST", "/api/admin/replays"),
    ("GET", "/api/admin/replays/00000000-0000-0000-0000-000000000001"),
    ("POST", "/api/admin/replays/00000000-0000-0000-0000-000000000001/cancel"),
    ("GET", "/api/admin/twilio-errors"),
    ("GET", "/api/admin/workers"),
    ("POST", "/api/admin/workers/calls/pause"),
    ("POST", "/api/admin/workers/calls/resume"),
];

/// A body that each of the paths takes.
fn body(path: &str) -> Value {
    let ids = json!({ "ids": ["00000000-0000-0000-0000-000000000001"] });
    match path.rsplit('/').next().unwrap_or_default() {
        "count" => json!({ "selection": ids }),
        "discard" | "replays" => json!({ "selection": ids, "expected_count": 1, "reason": "r" }),
        _ => json!({ "reason": "r" }),
    }
}

/// Five dead letters of calls, of which one has another cause, and one of the CRM.
async fn failures(ingress: &Ingress) -> Result<()> {
    ingress
        .run(
            "INSERT INTO prosaas.dead_letters
                (id, consumer, stream, stream_sequence, subject, headers, payload, payload_bytes, event_id,
                 event_type, entity, terms, reason, error_chain, fingerprint, attempts, state, first_died_at, died_at)
             SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, CASE n WHEN 6 THEN 'crm' ELSE 'calls' END,
                    'CALLS', n, 'call.status.CA' || n, '[[\"Nats-Msg-Id\",\"e\"]]', p.payload,
                    octet_length(p.payload), 'e' || n, 'pro.prosaas.call.status.v1', 'CA' || n,
                    ARRAY['CA' || n, '+972541234567'], 'exhausted',
                    ARRAY['not applied', 'no lead for +972541234567'],
                    CASE n WHEN 5 THEN 'bbbbbbbbbbbbbbbb' ELSE 'aaaaaaaaaaaaaaaa' END, 12, 'new',
                    '2026-01-01'::timestamptz, '2026-01-01'::timestamptz + n * interval '1 minute'
             FROM generate_series(1, 6) n
             CROSS JOIN LATERAL (SELECT convert_to('{\"id\":\"e' || n ||
                 '\",\"type\":\"pro.prosaas.call.status.v1\",\"data\":{\"from\":\"+972541234567\",\"name\":\"dana\"}}', 'UTF8') AS payload) p",
        )
        .await?;
    Ok(())
}

async fn ids(client: &Client<'_>, query: &str) -> Result<Vec<String>> {
    let answer = client.get(&format!("/api/admin/dead-letters{query}")).await?;
    anyhow::ensure!(answer.status == StatusCode::OK, "{query}: {}", answer.body);
    let items = answer.body.get("items").and_then(Value::as_array).context("items")?;
    Ok(items.iter().filter_map(|item| Some(item["entity"].as_str()?.to_owned())).collect())
}

#[tokio::test]
async fn only_system_admins_operate() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    let owner = ingress.log_in("omer").await?;
    let stranger = ingress.stranger("203.0.113.9");
    for (method, path) in PATHS {
        let body = (method == "POST").then(|| body(path));
        let method: http::Method = method.parse()?;
        let refused = owner.send(method.clone(), path, body.clone(), &[]).await?;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {path}: {}", refused.body);
        let unknown = stranger.send(method.clone(), path, body, &[]).await?;
        assert_eq!(unknown.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    assert!(ingress.kept().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn dead_letters_are_found_grouped_and_shown_without_personal_data() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    failures(&ingress).await?;
    let root = ingress.log_in("root").await?;
    assert_eq!(ids(&root, "").await?, ["CA6", "CA5", "CA4", "CA3", "CA2", "CA1"], "the latest first");
    assert_eq!(ids(&root, "?worker=crm").await?, ["CA6"]);
    assert_eq!(ids(&root, "?fingerprint=bbbbbbbbbbbbbbbb").await?, ["CA5"]);
    assert_eq!(ids(&root, "?entity=CA3").await?, ["CA3"]);
    assert_eq!(ids(&root, "?entity=054-1234567").await?.len(), 6, "a number however spelled");
    assert_eq!(ids(&root, "?type=pro.prosaas.call.&state=new").await?.len(), 6);
    assert_eq!(ids(&root, "?type=pro.prosaas.crm.").await?.len(), 0);
    assert_eq!(ids(&root, "?state=discarded").await?.len(), 0);
    assert_eq!(ids(&root, "?from=2026-01-01T00:02:00Z&to=2026-01-01T00:04:00Z").await?, ["CA3", "CA2"]);
    for bad in ["?colour=blue", "?state=lost", "?limit=0", "?from=yesterday", "?cursor=x"] {
        let answer = root.get(&format!("/api/admin/dead-letters{bad}")).await?;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    let page = root.get("/api/admin/dead-letters?limit=4").await?;
    let next = page.body["next_cursor"].as_str().context("a next page")?.to_owned();
    assert_eq!(ids(&root, &format!("?limit=4&cursor={next}")).await?, ["CA2", "CA1"]);
    assert!(!page.body.to_string().contains("541234567"), "{}", page.body);

    let groups = root.get("/api/admin/dead-letters/groups").await?;
    let counts: Vec<_> =
        groups.body["items"].as_array().context("groups")?.iter().map(|g| &g["count"]).collect();
    assert_eq!(counts, [4, 1, 1], "{}", groups.body);

    let path = "/api/admin/dead-letters/00000000-0000-0000-0000-000000000003";
    let hidden = root.get(path).await?;
    assert_eq!(hidden.status, StatusCode::OK);
    assert_eq!(hidden.body["payload"]["json"]["data"], json!({ "from": "***567", "***": "***" }));
    assert_eq!((&hidden.body["masked"], &hidden.body["payload"]["base64"]), (&json!(true), &Value::Null));
    assert!(!hidden.body.to_string().contains("541234567"), "{}", hidden.body);
    let reveals = "SELECT count(*) FROM prosaas.audit_records WHERE action = 'dead_letter.reveal'";
    assert_eq!(ingress.count(reveals).await?, 0);
    let shown = root.get(&format!("{path}?reveal=true")).await?;
    assert_eq!(shown.body["payload"]["json"]["data"]["from"], "+972541234567");
    assert_eq!(ingress.count(reveals).await?, 1, "asking is on record");
    let unknown = root.get("/api/admin/dead-letters/00000000-0000-0000-0000-0000000000ff").await?;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn what_was_counted_is_asked_for_and_kept_as_a_command() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    failures(&ingress).await?;
    let root = ingress.log_in("root").await?;
    let asked = json!({ "selection": { "filter": { "worker": "calls" } } });
    let counted = root.post("/api/admin/dead-letters/count", asked).await?;
    assert_eq!((counted.status, &counted.body["count"]), (StatusCode::OK, &json!(5)), "{}", counted.body);
    assert!(counted.body["selection"]["filter"]["filed_before"].is_string());
    assert!(ingress.kept().await?.is_empty(), "a count changes nothing");

    let selection = &counted.body["selection"];
    let start = json!({ "selection": selection, "expected_count": 5, "reason": " mended ", "rate": 20 });
    let accepted = root.post("/api/admin/replays", start.clone()).await?;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.body);
    let kept = ingress.kept().await?;
    let (subject, event) = &kept[0];
    let replay = accepted.body["operation"]["entity_id"].as_str().context("the replay")?;
    assert_eq!(subject, &format!("ops.replay.start.{replay}"));
    assert_eq!(event["type"], "pro.prosaas.ops.replay_start.v1");
    assert_eq!(event["data"]["args"]["selection"], *selection);
    assert_eq!(
        (&event["data"]["args"]["reason"], &event["data"]["args"]["rate"]),
        (&json!("mended"), &json!(20))
    );

    let with = |change: Value| {
        let mut body = start.clone();
        for (name, value) in change.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    };
    for bad in [
        json!({ "reason": " " }),
        json!({ "rate": 0 }),
        json!({ "rate": 5001 }),
        json!({ "expected_count": 0 }),
        json!({ "selection": { "ids": [] } }),
        json!({ "selection": { "filter": { "worker": "x".repeat(201) } } }),
        json!({ "selection": { "filter": { "colour": "blue" } } }),
    ] {
        let refused = root.post("/api/admin/replays", with(bad.clone())).await?;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}: {}", refused.body);
    }
    let one = json!({ "ids": ["00000000-0000-0000-0000-000000000001"] });
    let discard = json!({ "selection": one, "expected_count": 1, "reason": "a test" });
    assert_eq!(root.post("/api/admin/dead-letters/discard", discard).await?.status, StatusCode::ACCEPTED);
    let pause = json!({ "reason": "an incident", "minutes": 30 });
    assert_eq!(
        root.post("/api/admin/workers/calls/pause", pause.clone()).await?.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(root.post("/api/admin/workers/ops/pause", pause.clone()).await?.status, StatusCode::CONFLICT);
    assert_eq!(root.post("/api/admin/workers/nobody/pause", pause).await?.status, StatusCode::NOT_FOUND);
    let resume = json!({ "reason": "over" });
    assert_eq!(
        root.post("/api/admin/workers/calls/resume", resume.clone()).await?.status,
        StatusCode::ACCEPTED
    );
    let cancel = format!("/api/admin/replays/{replay}/cancel");
    assert_eq!(root.post(&cancel, resume).await?.status, StatusCode::NOT_FOUND, "it is not made yet");
    let subjects: Vec<_> = ingress
        .kept()
        .await?
        .into_iter()
        .map(|(subject, _)| subject.rsplit_once('.').map(|s| s.0.to_owned()))
        .collect();
    let wanted = ["ops.replay.start", "ops.dead_letter.discard", "ops.worker.pause", "ops.worker.resume"];
    assert_eq!(subjects, wanted.map(|s| Some(s.to_owned())));
    Ok(())
}

#[tokio::test]
async fn replays_and_workers_are_listed_while_nats_is_away() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    failures(&ingress).await?;
    ingress
        .run(
            "WITH job AS (
                 INSERT INTO prosaas.replay_jobs (id, kind, selection, reason, rate, state, total, requested_by_name)
                 VALUES ('00000000-0000-0000-0000-0000000000aa', 'dead_letters',
                         '{\"filter\":{\"entity\":\"+972541234567\"}}', 'mended', 50, 'running', 3, 'root')
                 RETURNING id)
             INSERT INTO prosaas.replay_items (job_id, position, consumer, result, error)
             SELECT id, n, 'calls', CASE n WHEN 1 THEN 'claimed' WHEN 2 THEN 'failed' ELSE 'pending' END,
                    'no lead for +972541234567' FROM job, generate_series(1, 3) n",
        )
        .await?;
    ingress
        .run(
            "INSERT INTO prosaas.worker_pauses (consumer, stream, paused, reason, changed_by)
             VALUES ('calls', 'CALLS', true, 'an incident', 'root')",
        )
        .await?;
    ingress
        .run(
            "INSERT INTO prosaas.event_retries
                 (consumer, stream_sequence, stream, event_id, event_type, attempts, error_chain, received_at,
                  first_failed_at, next_attempt_at)
             SELECT 'calls', n, 'CALLS', 'e' || n, 'pro.prosaas.call.status.v1', 2,
                    ARRAY['refused', 'no place for +972541234567 in calls_scripted_ck'],
                    now(), now() - n * interval '1 minute', now()
             FROM generate_series(1, 21) AS n",
        )
        .await?;
    let root = ingress.log_in("root").await?;
    let list = root.get("/api/admin/replays").await?;
    let replay = &list.body["items"][0];
    assert_eq!(replay["counts"]["in_flight"], 1, "{}", list.body);
    assert_eq!((&replay["counts"]["failed"], &replay["counts"]["pending"]), (&json!(1), &json!(1)));
    assert!(!list.body.to_string().contains("541234567"));
    let path = "/api/admin/replays/00000000-0000-0000-0000-0000000000aa";
    assert_eq!(root.get(path).await?.body["total"], 3);
    let items = root.get(&format!("{path}/items?result=failed")).await?;
    assert_eq!(items.body["items"][0]["error"], "no lead for ***567");
    assert_eq!(items.body["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        root.post(&format!("{path}/cancel"), json!({ "reason": "r" })).await?.status,
        StatusCode::ACCEPTED
    );

    ingress
        .run("INSERT INTO prosaas.calls (call_sid, started_at) SELECT 'CAe' || n, now() FROM generate_series(1, 3) n")
        .await?;
    ingress
        .run(
            "INSERT INTO prosaas.call_events (event_id, call_sid, kind, occurred_at, received_at, data)
             SELECT 'error' || n, 'CAe' || n, 'error', now(), now() - age, jsonb_build_object(
                 'call_sid', 'CAe' || n, 'webhook', 'dial_result', 'code', code)
             FROM (VALUES (1, 13224, interval '2 hours'), (2, 13224, interval '1 hour'),
                          (3, 13214, interval '31 days')) AS e (n, code, age)",
        )
        .await?;
    let errors = root.get("/api/admin/twilio-errors").await?.body;
    let group = &errors["items"][0];
    assert_eq!(errors["items"].as_array().map(Vec::len), Some(1), "what is old is history: {errors}");
    assert_eq!((&group["code"], &group["calls"]), (&json!(13224), &json!(2)));
    assert_eq!((&group["webhook"], &group["last_call_sid"]), (&json!("dial_result"), &json!("CAe2")));

    let workers = root.get("/api/admin/workers").await?;
    let all = workers.body["items"].as_array().context("workers")?;
    let calls = all.iter().find(|worker| worker["name"] == "calls").context("calls")?;
    assert_eq!((&calls["state"], &calls["paused"]["by"]), (&json!("paused"), &json!("root")));
    assert_eq!((&calls["dead_letters_open"], &calls["waiting"]), (&json!(5), &Value::Null));
    let failing = calls["retrying"].as_array().context("events that fail")?;
    assert_eq!((failing.len(), &failing[0]["event_id"]), (20, &json!("e21")), "those that fail for longest");
    assert_eq!(failing[0]["error"], "no place for ***567 in calls_scripted_ck");
    let ops = all.iter().find(|worker| worker["name"] == "ops").context("ops")?;
    assert_eq!(ops["retrying"], json!([]));
    assert_eq!((&ops["state"], &ops["pausable"]), (&json!("unknown"), &json!(false)));
    Ok(())
}

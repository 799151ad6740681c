//! Calls: filters, one call, marking it called back, calls to numbers of nobody.

use anyhow::Result;
use http::Method;
use prosaas_domain::rights::Role;
use serde_json::{Value, json};

use crate::support::{FOREIGN, OWN, World, findings, problem};

async fn seeded() -> Result<World> {
    let world = World::new().await?;
    world.businesses().await?;
    world
        .sql(format!(
            "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
             VALUES ('00000000-0000-7000-8000-000000000001', '{OWN}', 'דנה', 'call', now(), now());
             INSERT INTO prosaas.calls
                (call_sid, business_id, lead_id, from_raw, from_e164, to_raw, to_e164, direction, status, started_at,
                 ended_at, dial_outcome, answered_by, missed, callback_needed, called_back_at)
             SELECT 'CA' || n, '{OWN}', lead::uuid, from_raw, from_e164, to_raw, to_e164, direction, status,
                    '2026-01-01'::timestamptz + n * interval '1 hour',
                    CASE WHEN status = 'completed' THEN '2026-01-02'::timestamptz END,
                    dial,
                    CASE dial WHEN 'completed' THEN '+972527654321' END,
                    missed, missed AND from_e164 IS NOT NULL, back::timestamptz
             FROM (VALUES
                 (1, '00000000-0000-7000-8000-000000000001', '+972541234567', '+972541234567', '+97233724000', '+97233724000', 'inbound', 'completed', NULL, true, NULL),
                 (2, '00000000-0000-7000-8000-000000000001', '+972541234567', '+972541234567', '+97233724000', '+97233724000', 'inbound', 'completed', 'completed', false, NULL),
                 (3, NULL, 'anonymous', NULL, '+97233724000', '+97233724000', 'inbound', 'completed', 'no-answer', true, NULL),
                 (4, NULL, '+97233724000', '+97233724000', '+972541234567', '+972541234567', 'outbound-api', 'completed', NULL, false, NULL),
                 (5, NULL, '+972541234568', '+972541234568', '+97233724000', '+97233724000', 'inbound', 'completed', NULL, true, '2026-01-03'),
                 (6, NULL, '+972541234569', '+972541234569', '+97233724000', '+97233724000', 'inbound', 'in-progress', NULL, false, NULL)
             ) AS v (n, lead, from_raw, from_e164, to_raw, to_e164, direction, status, dial, missed, back);
             INSERT INTO prosaas.calls (call_sid, business_id, started_at) VALUES ('CAother', '{FOREIGN}', now());
             INSERT INTO prosaas.calls (call_sid, started_at) VALUES ('CAnobody1', '2026-01-01'), ('CAnobody2', '2026-01-02');
             INSERT INTO prosaas.calls (call_sid, business_id, direction, parent_call_sid, started_at)
             VALUES ('CAleg1', '{OWN}', 'outbound-dial', 'CA2', '2026-01-01T02:00Z'),
                    ('CAleg2', NULL, 'outbound-dial', 'CAgone', '2026-01-01T02:00Z');
             INSERT INTO prosaas.call_events (event_id, call_sid, business_id, kind, status, sequence_number, occurred_at, received_at, data)
             VALUES ('e2', 'CA1', '{OWN}', 'status', 'completed', 2, '2026-01-01T02:00Z', now(), '{{}}'),
                    ('e1', 'CA1', NULL, 'incoming', 'ringing', NULL, '2026-01-01T01:00Z', now(), '{{}}'),
                    ('e3', 'CA1', '{OWN}', 'menu', NULL, NULL, '2026-01-01T01:30Z', now(),
                     jsonb_build_object('call_sid', 'CA1', 'at', '', 'attempt', 0, 'result', 'chosen', 'key', '2',
                                        'label', 'מכירות', 'then', 'record')),
                    ('e4', 'CA1', '{OWN}', 'error', NULL, NULL, '2026-01-01T01:40Z', now(),
                     jsonb_build_object('call_sid', 'CA1', 'webhook', 'dial_result', 'code', 13224,
                                        'message', 'Invalid number'));
             INSERT INTO prosaas.recordings (recording_sid, call_sid, business_id, state, duration_s, created_at, updated_at)
             VALUES ('RE1', 'CA1', '{OWN}', 'processing', 12, now(), now());"
        ))
        .await?;
    Ok(world)
}

#[tokio::test]
async fn calls_are_filtered_and_paged() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    for (query, expected) in [
        ("", "654321"),
        ("missed=true", "531"),
        ("missed=false", "642"),
        ("answered=true", "42"),
        ("answered=false", "6531"),
        ("to_call_back=true", "1"),
        ("lead_id=00000000-0000-7000-8000-000000000001", "21"),
        ("number=054-1234567", "421"),
        ("number=%2B972%2054%20123%204568", "5"),
        ("from=2026-01-01T02:00:00Z&to=2026-01-01T04:00:00Z", "32"),
        ("missed=true&number=0541234567", "1"),
    ] {
        for limit in [1, 2, 200] {
            let found = world.walk(&agent, &format!("/api/calls?{query}"), limit, "/call_sid").await?;
            let found: String = found.iter().map(|sid| sid.trim_start_matches("CA")).collect();
            assert_eq!(found, expected, "{query} by {limit}");
        }
    }
    for (query, field) in [
        ("number=dana", "number"),
        ("missed=perhaps", "missed"),
        ("from=yesterday", "from"),
        ("to=%2B10000-01-01T00:00:00Z", "to"),
    ] {
        let answer = world.get(&agent, &format!("/api/calls?{query}")).await?;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(findings(&answer)[0].0, field);
    }
    world.passed();
    Ok(())
}

#[tokio::test]
async fn one_call_is_told_whole_and_only_to_its_business() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    let call = world.read(&agent, "/api/calls/CA1").await?;
    assert_eq!(call["lead"]["name"], "דנה");
    assert_eq!(call["recordings"][0]["recording_sid"], "RE1");
    let history: Vec<_> =
        call["history"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(history, ["incoming", "menu", "error", "status"]);
    let (menu, error) = (&call["history"][1]["menu"], &call["history"][2]["error"]);
    assert_eq!(
        (&menu["key"], &menu["label"], &menu["result"]),
        (&json!("2"), &json!("מכירות"), &json!("chosen"))
    );
    assert_eq!((&error["code"], &error["message"]), (&json!(13224), &json!("Invalid number")));
    assert_eq!((&call["history"][0]["menu"], &call["history"][1]["error"]), (&Value::Null, &Value::Null));
    for path in ["/api/calls/CAother", "/api/calls/CAnobody1", "/api/calls/none", "/api/calls/a%2Fb"] {
        assert_eq!(world.get(&agent, path).await?.status, 404, "{path}");
    }
    let mark = async |sid: &str| {
        world.send(&agent, Method::POST, &format!("/api/calls/{sid}/called-back"), &[], None).await
    };
    assert_eq!(mark("CA1").await?.status, 202);
    assert_eq!(problem(&mark("CA2").await?), (409, "/problems/call-not-missed".to_owned()));
    assert_eq!(mark("CAother").await?.status, 404);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn only_a_system_admin_sees_calls_to_numbers_of_nobody() -> Result<()> {
    let world = seeded().await?;
    let owner = world.login(Some(OWN), Role::Owner).await?;
    let admin = world.login(None, Role::SystemAdmin).await?;
    assert_eq!(world.get(&owner, "/api/admin/calls/unowned").await?.status, 403);
    let found = world.walk(&admin, "/api/admin/calls/unowned", 1, "/call_sid").await?;
    assert_eq!(found, ["CAnobody2", "CAnobody1"]);
    let detail = world.read(&admin, &format!("/api/calls/CA2?business_id={OWN}")).await?;
    assert_eq!((&detail["missed"], &detail["dial_outcome"]), (&json!(false), &json!("completed")));
    assert_eq!((&detail["answered"], &detail["answered_by"]), (&json!(true), &json!("+972527654321")));
    world.passed();
    Ok(())
}

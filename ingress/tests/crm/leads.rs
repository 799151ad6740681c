//! Leads: lists, search, paging, isolation, and the forms of the commands.

use anyhow::Result;
use http::{Method, StatusCode};
use prosaas_domain::rights::Role;
use serde_json::json;
use uuid::Uuid;

use crate::support::{FOREIGN, OWN, World, findings, problem};

/// Leads 1 to 9 of the own business, and one of the other.
async fn seeded() -> Result<World> {
    let world = World::new().await?;
    world.businesses().await?;
    world
        .sql(format!(
            "INSERT INTO prosaas.leads
                (id, business_id, name, email, status, source, tags, created_at, updated_at, deleted_at)
             SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, '{OWN}', name, email, status, 'manual',
                    tags::text[], '2026-01-01'::timestamptz + n * interval '1 day',
                    '2026-02-01'::timestamptz - n * interval '1 day',
                    CASE WHEN n = 9 THEN '2026-03-01'::timestamptz END
             FROM (VALUES
                 (1, 'דנה כהן', 'dana@example.com', 'new', '{{vip}}'),
                 (2, 'דניאל לוי', NULL, 'contacted', '{{}}'),
                 (3, 'Ruth O''Neil', 'ruth@example.org', 'new', '{{vip,north}}'),
                 (4, NULL, 'nobody@example.net', 'new', '{{}}'),
                 (5, 'אבי', NULL, 'won', '{{}}'),
                 (6, 'zoe', NULL, 'new', '{{}}'),
                 (7, 'Zed', NULL, 'new', '{{}}'),
                 (8, '100% _x_', NULL, 'lost', '{{}}'),
                 (9, 'דנה שנמחקה', NULL, 'new', '{{vip}}')
             ) AS v (n, name, email, status, tags);
             INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw, position, created_at) VALUES
                 (gen_random_uuid(), '{OWN}', '00000000-0000-7000-8000-000000000001', '+972541234567', '054-1234567', 0, now()),
                 (gen_random_uuid(), '{OWN}', '00000000-0000-7000-8000-000000000002', '+97233724000', '03-3724000', 0, now()),
                 (gen_random_uuid(), '{OWN}', '00000000-0000-7000-8000-000000000002', NULL, '*2700', 1, now());
             INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at) VALUES
                 ('00000000-0000-7000-8000-0000000000ff', '{FOREIGN}', 'דנה של אחרים', 'manual', now(), now());
             INSERT INTO prosaas.calls (call_sid, business_id, lead_id, started_at) VALUES
                 ('CA1', '{OWN}', '00000000-0000-7000-8000-000000000003', '2026-03-01'),
                 ('CA2', '{OWN}', '00000000-0000-7000-8000-000000000001', '2026-02-01'),
                 ('CA3', '{OWN}', '00000000-0000-7000-8000-000000000001', '2026-04-01');"
        ))
        .await?;
    Ok(world)
}

fn id(n: u8) -> String {
    format!("00000000-0000-7000-8000-00000000000{n}")
}

fn numbers(ids: &[String]) -> String {
    ids.iter().filter_map(|id| id.chars().last()).collect()
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    for (query, expected) in [
        ("", "87654321"),
        ("order=asc", "12345678"),
        ("sort=updated_at", "12345678"),
        ("sort=updated_at&order=asc", "87654321"),
        // No name, then by code point of the lower case: digits, Latin, Hebrew.
        ("sort=name", "48376512"),
        ("sort=name&order=desc", "21567384"),
        ("sort=last_call", "13876542"),
        ("sort=last_call&order=asc", "24567831"),
        ("status=new", "76431"),
        ("tag=vip", "31"),
        ("source=manual&status=won", "5"),
        ("deleted=only", "9"),
        ("deleted=only&sort=deleted_at&order=asc", "9"),
        (&format!("owner_id={}", agent.user), ""),
    ] {
        for limit in [1, 3, 200] {
            let path = format!("/api/leads?{query}");
            let found = world.walk(&agent, &path, limit, "/id").await?;
            assert_eq!(numbers(&found), expected, "{query} by {limit}");
        }
    }
    let item = world.read(&agent, "/api/leads?status=contacted").await?["items"][0].clone();
    assert_eq!(item["phones"][0], json!({"raw": "03-3724000", "e164": "+97233724000"}));
    assert_eq!(item["phones"][1], json!({"raw": "*2700", "e164": null}));
    assert_eq!((&item["deleted_at"], &item["owner"]), (&json!(null), &json!(null)));
    for (query, field) in [
        ("deleted=only&sort=name", "sort"),
        ("sort=deleted_at", "sort"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("status=king", "status"),
        ("colour=red", "colour"),
        ("cursor=nonsense", "cursor"),
        ("q=a%00b", "q"),
    ] {
        let answer = world.get(&agent, &format!("/api/leads?{query}")).await?;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(findings(&answer).first().map_or("", |(field, _)| field), field, "{query}");
    }
    world.passed();
    Ok(())
}

#[tokio::test]
async fn search_finds_names_addresses_and_numbers_in_any_spelling() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    for (q, expected) in [
        ("דנה", "1"),
        ("דנ", "21"),
        ("כהן דנה", "1"),
        ("DANA@EXAMPLE", "1"),
        ("example", "431"),
        ("o'neil", "3"),
        ("054-1234567", "1"),
        ("+972 54 123 4567", "1"),
        ("0541234567", "1"),
        ("00972541234567", "1"),
        ("1234567", "1"),
        ("033724000", "2"),
        ("100%", "8"),
        ("%", ""),
        ("אין כזה", ""),
    ] {
        let q = percent_encoding::utf8_percent_encode(q, percent_encoding::NON_ALPHANUMERIC);
        let found = world.walk(&agent, &format!("/api/leads?q={q}"), 200, "/id").await?;
        assert_eq!(numbers(&found), expected, "{q}");
    }
    let trash = world.walk(&agent, "/api/leads?q=%D7%93%D7%A0%D7%94&deleted=only", 200, "/id").await?;
    assert_eq!(numbers(&trash), "9");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_cursor_stays_where_it_is_while_rows_come_and_go() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    let first = world.read(&agent, "/api/leads?limit=3").await?;
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    // One of the first page goes, a new one comes to its front, and one behind changes.
    world
        .sql(format!(
            "UPDATE prosaas.leads SET deleted_at = now() WHERE id = '{}';
             UPDATE prosaas.leads SET updated_at = now() WHERE id = '{}';
             INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
             VALUES (gen_random_uuid(), '{OWN}', 'new', 'manual', now(), now())",
            id(7),
            id(5)
        ))
        .await?;
    let second = world.read(&agent, &format!("/api/leads?limit=3&cursor={cursor}")).await?;
    let found: Vec<_> =
        second["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap()).collect();
    assert_eq!(found, [id(5), id(4), id(3)]);
    // It belongs to this list, this business and this order.
    let manager = world.login(Some(FOREIGN), Role::Manager).await?;
    for (who, query) in [(&agent, "status=new"), (&agent, "order=asc"), (&manager, "limit=3")] {
        let answer = world.get(who, &format!("/api/leads?{query}&cursor={cursor}")).await?;
        assert_eq!(findings(&answer), [("cursor".to_owned(), "cursor".to_owned())], "{query}");
    }
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_business_sees_only_itself() -> Result<()> {
    let world = seeded().await?;
    let owner = world.login(Some(OWN), Role::Owner).await?;
    let admin = world.login(None, Role::SystemAdmin).await?;
    let theirs = "00000000-0000-7000-8000-0000000000ff";
    let one = format!("/api/leads/{theirs}");
    let write = json!({"status": "won"});
    for (method, path, body) in [
        (Method::GET, one.clone(), None),
        (Method::GET, format!("{one}/timeline"), None),
        (Method::DELETE, one.clone(), None),
        (Method::POST, format!("{one}/restore"), None),
        (Method::PATCH, one.clone(), Some(&write)),
        (Method::GET, format!("/api/leads?business_id={FOREIGN}"), None),
        (Method::GET, format!("/api/leads/{}?business_id={FOREIGN}", id(1)), None),
        (Method::POST, "/api/leads/bulk-delete".to_owned(), Some(&json!({"ids": [id(1), theirs]}))),
        (Method::GET, "/api/leads/not-an-id".to_owned(), None),
    ] {
        let answer = world.send(&owner, method.clone(), &path, &[("if-match", "*")], body).await?;
        assert_eq!(problem(&answer), (404, "/problems/not-found".to_owned()), "{method} {path}");
    }
    assert_eq!(world.get(&admin, "/api/leads").await?.status, 400, "a system admin names the business");
    assert_eq!(world.get(&admin, &format!("{one}?business_id={OWN}")).await?.status, 404);
    let read = world.read(&admin, &format!("{one}?business_id={FOREIGN}")).await?;
    assert_eq!(read["name"], "דנה של אחרים");
    let nowhere = format!("/api/leads?business_id={}", Uuid::from_u128(1));
    assert_eq!(world.get(&admin, &nowhere).await?.status, 404);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn commands_are_checked_before_they_are_accepted() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    let answer = world.get(&agent, &format!("/api/leads/{}", id(1))).await?;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"1\""));
    assert_eq!(answer.json()["notes"], "");
    let patch = |headers: &'static [(&'static str, &'static str)]| {
        let (world, agent) = (&world, &agent);
        async move {
            let body = json!({"status": "won", "email": null});
            world.send(agent, Method::PATCH, &format!("/api/leads/{}", id(1)), headers, Some(&body)).await
        }
    };
    assert_eq!(patch(&[]).await?.status, 428);
    assert_eq!(problem(&patch(&[("if-match", "\"2\"")]).await?), (412, "/problems/version".to_owned()));
    let accepted = patch(&[("if-match", "\"1\""), ("idempotency-key", "k1")]).await?;
    assert_eq!(accepted.status, 202);
    let operation = accepted.json()["operation"].clone();
    assert_eq!((&operation["state"], &operation["entity_id"]), (&json!("pending"), &json!(id(1))));
    assert_eq!(accepted.header("location"), format!("/api/operations/{}", operation["id"].as_str().unwrap()));
    // It was applied meanwhile: the same request is the same operation all the same.
    world.sql(format!("UPDATE prosaas.leads SET version = 2 WHERE id = '{}'", id(1))).await?;
    let again = patch(&[("if-match", "\"1\""), ("idempotency-key", "k1")]).await?;
    assert_eq!(again.json()["operation"]["id"], operation["id"]);
    assert_eq!(patch(&[("if-match", "\"1\""), ("idempotency-key", "k2")]).await?.status, 412);

    let post = async |path: &str, body| world.post(&agent, path, body).await;
    let made = post("/api/leads", json!({"name": "נועה", "phones": ["050 1234567"]})).await?;
    assert_eq!(made.status, 202);
    assert!(made.json()["operation"]["entity_id"].is_string());
    let stranger = world.login(Some(FOREIGN), Role::Agent).await?;
    for (body, field, code) in [
        (json!({}), "name", "required"),
        (json!({"name": "x", "owner_id": stranger.user}), "owner_id", "unknown"),
        (json!({"name": "x", "email": "x"}), "email", "length"),
        (json!({"name": "x", "colour": "red"}), "colour", "format"),
    ] {
        let answer = post("/api/leads", body.clone()).await?;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(findings(&answer)[0], (field.to_owned(), code.to_owned()), "{body}");
    }
    for (method, path, kind) in [
        (Method::DELETE, format!("/api/leads/{}", id(9)), "/problems/lead-deleted"),
        (Method::POST, format!("/api/leads/{}/restore", id(1)), "/problems/lead-not-deleted"),
    ] {
        assert_eq!(problem(&world.send(&agent, method, &path, &[], None).await?), (409, kind.to_owned()));
    }
    for (method, path) in [
        (Method::DELETE, format!("/api/leads/{}", id(1))),
        (Method::POST, format!("/api/leads/{}/restore", id(9))),
    ] {
        assert_eq!(world.send(&agent, method, &path, &[], None).await?.status, 202);
    }
    world.passed();
    Ok(())
}

#[tokio::test]
async fn several_leads_are_named_or_frozen() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    let (delete, restore) = ("/api/leads/bulk-delete", "/api/leads/bulk-restore");
    for (path, body, status) in [
        (delete, json!({"ids": [id(1), id(2), id(1)]}), 202),
        (delete, json!({"filter": {"status": "new"}}), 202),
        (delete, json!({"filter": {}}), 202),
        (restore, json!({"filter": {"tag": "vip"}}), 202),
        (restore, json!({"filter": {"deleted": "only"}}), 202),
        (delete, json!({"ids": []}), 422),
        (delete, json!({"filter": {"deleted": "only"}}), 422),
        (delete, json!({"filter": {"status": "qualified"}}), 422),
        (delete, json!({"ids": [id(1)], "filter": {}}), 422),
        (delete, json!({"filter": {"colour": "red"}}), 422),
        (delete, json!({}), 422),
        (delete, json!({"ids": (0..5_001).map(|_| id(1)).collect::<Vec<_>>()}), 422),
        (delete, json!({"ids": [Uuid::from_u128(1)]}), 404),
    ] {
        let answer = world.post(&agent, path, body.clone()).await?;
        assert_eq!(answer.status.as_u16(), status, "{path} {body} {}", answer.json());
    }
    world
        .sql(format!(
            "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
             SELECT gen_random_uuid(), '{OWN}', 'many', 'import', now(), now() FROM generate_series(1, 10001)"
        ))
        .await?;
    let many = world.post(&agent, delete, json!({"filter": {"source": "import"}})).await?;
    assert_eq!(findings(&many), [("filter".to_owned(), "count".to_owned())]);
    world.sql("DELETE FROM prosaas.leads WHERE id = (SELECT id FROM prosaas.leads WHERE source = 'import' LIMIT 1)").await?;
    let most = world.post(&agent, delete, json!({"filter": {"source": "import"}})).await?;
    assert_eq!(most.status, 202, "10,000 ids fit into one event");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_timeline_has_calls_with_recordings_and_changes() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    world
        .sql(format!(
            "INSERT INTO prosaas.recordings (recording_sid, call_sid, business_id, state, created_at, updated_at)
             VALUES ('RE1', 'CA3', '{OWN}', 'processing', now(), now()), ('RE2', 'CA3', '{FOREIGN}', 'absent', now(), now());
             INSERT INTO prosaas.audit_records (id, business_id, at, actor_id, actor_name, action, entity_type, entity_id, after)
             VALUES ('00000000-0000-7000-8000-0000000000a1', '{OWN}', '2026-03-15', '{user}', 'דנה', 'lead.update', 'lead', '{lead}', '{{\"status\": \"won\"}}'),
                    ('00000000-0000-7000-8000-0000000000a2', '{OWN}', '2026-02-01', NULL, 'twilio', 'lead.create', 'lead', '{lead}', NULL),
                    ('00000000-0000-7000-8000-0000000000a3', '{FOREIGN}', '2026-02-01', NULL, 'twilio', 'lead.create', 'lead', '{lead}', NULL),
                    ('00000000-0000-7000-8000-0000000000a4', '{OWN}', '2026-02-01', NULL, 'twilio', 'call.status', 'call', '{lead}', NULL);",
            user = agent.user,
            lead = id(1),
        ))
        .await?;
    let path = format!("/api/leads/{}/timeline", id(1));
    let page = world.read(&agent, &path).await?;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    assert_eq!(items[0]["call"]["call_sid"], "CA3");
    assert_eq!(items[0]["call"]["recordings"].as_array().unwrap().len(), 1);
    assert_eq!(items[1]["change"]["actor"], json!({"id": agent.user, "name": "דנה"}));
    assert_eq!(items[1]["change"]["after"]["status"], "won");
    let system = items.iter().find(|item| item["change"]["action"] == "lead.create").unwrap();
    assert_eq!((&system["change"]["system"], &system["change"]["actor"]), (&json!("twilio"), &json!(null)));
    let kinds = world.walk(&agent, &path, 1, "/kind").await?;
    assert_eq!(kinds, ["call", "change", "change", "call"]);
    world.passed();
    Ok(())
}

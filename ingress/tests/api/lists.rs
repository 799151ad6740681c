//! Lists: pages, filters, and cursors that somebody changed.

use anyhow::Result;
use http::StatusCode;
use prosaas_domain::rights::Role;
use serde_json::{Value, json};

use crate::support::Ingress;

#[tokio::test]
async fn pages_hold_everybody_once_and_a_changed_cursor_is_refused() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    for n in 0..5 {
        ingress.person(&format!("agent{n}"), Role::Agent, Some(shop)).await?;
    }
    // The same moment for all: the id decides.
    ingress.run("UPDATE prosaas.users SET created_at = '2026-01-01'").await?;
    let root = ingress.log_in("root").await?;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = root.get(&format!("/api/admin/users?limit=3{cursor}")).await?;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        for item in page.body["items"].as_array().into_iter().flatten() {
            seen.push(item["email"].as_str().unwrap_or_default().to_owned());
        }
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7, "{seen:?}");

    let refused = |path: String| {
        let root = root.clone();
        async move { anyhow::Ok(root.get(&path).await?.status.as_u16()) }
    };
    assert_eq!(refused(format!("/api/admin/users?limit=3{cursor}x")).await?, 400);
    assert_eq!(refused(format!("/api/admin/users?role=agent&limit=3{cursor}")).await?, 400, "another filter");
    assert_eq!(refused(format!("/api/businesses/{shop}/users?limit=3{cursor}")).await?, 400, "another list");
    assert_eq!(refused("/api/admin/users?limit=0".to_owned()).await?, 400);
    assert_eq!(refused("/api/admin/users?limit=201".to_owned()).await?, 400);
    assert_eq!(refused("/api/admin/users?colour=blue".to_owned()).await?, 400);
    assert_eq!(refused("/api/admin/users?role=king".to_owned()).await?, 400);
    Ok(())
}

#[tokio::test]
async fn lists_hide_the_removed_and_find_by_name_and_address() -> Result<()> {
    let ingress = Ingress::start().await?;
    let (shop, other) = (ingress.business("Shop").await?, ingress.business("Other").await?);
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    ingress.person("maya", Role::Manager, Some(shop)).await?;
    ingress.person("100%", Role::Agent, Some(shop)).await.ok();
    ingress.person("foreign", Role::Agent, Some(other)).await?;
    ingress.run("UPDATE prosaas.users SET deleted_at = now() WHERE name = 'maya'").await?;
    let owner = ingress.log_in("omer").await?;
    let names = |query: &'static str| {
        let (owner, path) = (owner.clone(), format!("/api/businesses/{shop}/users{query}"));
        async move {
            let body = owner.get(&path).await?.body;
            let names = body["items"].as_array().into_iter().flatten();
            anyhow::Ok(names.filter_map(|item| Some(item["name"].as_str()?.to_owned())).collect::<Vec<_>>())
        }
    };
    assert_eq!(names("").await?, ["100%", "omer"]);
    assert_eq!(names("?deleted=only").await?, ["maya"]);
    assert_eq!(names("?q=OME").await?, ["omer"]);
    assert_eq!(names("?q=%25").await?, ["100%"], "a per cent sign is one");
    assert_eq!(names("?role=agent").await?, ["100%"]);
    Ok(())
}

#[tokio::test]
async fn an_owner_searches_the_own_audit_records() -> Result<()> {
    let ingress = Ingress::start().await?;
    let (shop, other) = (ingress.business("Shop").await?, ingress.business("Other").await?);
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    ingress.person("foreign", Role::Owner, Some(other)).await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    ingress.log_in("foreign").await?;
    let (owner, root) = (ingress.log_in("omer").await?, ingress.log_in("root").await?);
    let actions = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().into_iter().flatten();
        items.filter_map(|item| Some(item["action"].as_str()?.to_owned())).collect()
    };
    let own = owner.get(&format!("/api/businesses/{shop}/audit")).await?.body;
    assert_eq!(actions(&own), ["session.begin", "user.create"]);
    assert_eq!(
        (&own["items"][0]["actor_name"], &own["items"][0]["ip"]),
        (&"omer".into(), &"203.0.113.1".into())
    );
    let only = owner.get(&format!("/api/businesses/{shop}/audit?action=session.")).await?.body;
    assert_eq!(actions(&only), ["session.begin"]);
    assert_eq!(owner.get(&format!("/api/businesses/{other}/audit")).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(owner.get("/api/admin/audit").await?.status, StatusCode::FORBIDDEN);
    let all = root.get("/api/admin/audit?action=user.create&limit=2").await?.body;
    assert_eq!(actions(&all).len(), 2);
    let next = all["next_cursor"].as_str().unwrap_or_default();
    let rest = root.get(&format!("/api/admin/audit?action=user.create&limit=2&cursor={next}")).await?.body;
    assert_eq!((actions(&rest).len(), rest["next_cursor"].is_null()), (1, true));
    let of_shop = root.get(&format!("/api/admin/audit?business_id={shop}")).await?.body;
    assert_eq!(actions(&of_shop).len(), 2);
    Ok(())
}

#[tokio::test]
async fn of_a_change_the_system_admin_sees_what_is_declared_and_the_owner_all() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    ingress
        .run(
            "INSERT INTO prosaas.audit_records (id, business_id, actor_name, action, entity_type, entity_id, after)
             SELECT gen_random_uuid(), id, 'omer', 'lead.update', 'lead', 'l1',
                    '{\"name\":\"dana\",\"status\":\"won\",\"note\":\"Abc123\"}'
             FROM prosaas.businesses WHERE name = 'Shop'",
        )
        .await?;
    let (owner, root) = (ingress.log_in("omer").await?, ingress.log_in("root").await?);
    let path = format!("/api/businesses/{shop}/audit?action=lead.update");
    let all = json!({ "name": "dana", "status": "won", "note": "Abc123" });
    assert_eq!(owner.get(&path).await?.body["items"][0]["after"], all);
    for path in [
        path,
        format!("/api/admin/audit?business_id={shop}&action=lead."),
        "/api/admin/audit?action=lead.".into(),
    ] {
        let page = root.get(&path).await?.body;
        let item = &page["items"][0];
        let declared = json!({ "name": "***", "status": "won", "***": "***" });
        assert_eq!((&item["after"], &item["before"]), (&declared, &Value::Null), "{path}");
    }
    Ok(())
}

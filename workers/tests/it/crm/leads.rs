//! Leads: versions, the trash, whom callers are taken for.

use std::sync::Arc;

use anyhow::Result;
use prosaas_domain::ids::{BatchId, LeadId, UserId};
use prosaas_events::crm::lead::{
    LeadChanges, LeadCreateV1, LeadDeleteManyV1, LeadDeleteV1, LeadFields, LeadRestoreManyV1, LeadRestoreV1,
    LeadStatus, LeadUpdateV1,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Crm, business};

const NUMBER: &str = "+972541234567";

fn lead(phones: &[&str]) -> LeadCreateV1 {
    let phones = phones.iter().map(|phone| (*phone).to_owned()).collect();
    let fields = LeadFields { name: Some("דנה לוי".to_owned()), phones, ..LeadFields::default() };
    LeadCreateV1 { lead_id: LeadId(Uuid::now_v7()), fields }
}

fn update(lead_id: LeadId, expected_version: i64, changes: LeadChanges) -> LeadUpdateV1 {
    LeadUpdateV1 { lead_id, expected_version, changes }
}

impl Crm {
    async fn new_lead(&self, phones: &[&str]) -> Result<LeadId> {
        let args = lead(phones);
        let id = args.lead_id;
        let outcome = self.own(self.agent, args).await?;
        assert_eq!(outcome.result, Some(json!({ "lead_id": id, "version": 1 })), "{outcome:?}");
        Ok(id)
    }

    /// The lead that a caller is taken for.
    async fn caller(&self, number: &str) -> Result<Option<LeadId>> {
        let id: Option<Uuid> = sqlx::query_scalar(
            "SELECT lead_id FROM prosaas.lead_phones WHERE business_id = $1 AND e164 = $2 AND matches_callers",
        )
        .bind(self.business.0)
        .bind(number)
        .fetch_optional(self.pool())
        .await?;
        Ok(id.map(LeadId))
    }
}

#[tokio::test]
async fn a_lead_is_made_as_it_was_written() -> Result<()> {
    let crm = Crm::quiet().await?;
    let mut args = lead(&[" 054-123-4567 ", "+972541234567", "*2700"]);
    args.fields.email = Some(" dana@example.com ".to_owned());
    args.fields.tags = vec!["VIP".to_owned(), " vip".to_owned()];
    args.fields.owner_id = Some(crm.manager);
    let id = args.lead_id;
    assert_eq!(crm.own(crm.agent, args.clone()).await?.status(), 200);
    let row: (String, String, Vec<String>, Option<Uuid>, String) =
        sqlx::query_as("SELECT name, email, tags, owner_id, source FROM prosaas.leads WHERE id = $1")
            .bind(id.0)
            .fetch_one(crm.pool())
            .await?;
    assert_eq!(
        row,
        (
            "דנה לוי".to_owned(),
            "dana@example.com".to_owned(),
            vec!["VIP".to_owned()],
            Some(crm.manager.0),
            "manual".to_owned()
        )
    );
    let phones: Vec<(String, Option<String>, bool)> = sqlx::query_as(
        "SELECT raw, e164, matches_callers FROM prosaas.lead_phones WHERE lead_id = $1 ORDER BY position",
    )
    .bind(id.0)
    .fetch_all(crm.pool())
    .await?;
    let number = Some("+972541234567".to_owned());
    assert_eq!(phones, [("054-123-4567".to_owned(), number, true), ("*2700".to_owned(), None, false)]);
    let audited: Value =
        sqlx::query_scalar("SELECT after FROM prosaas.audit_records").fetch_one(crm.pool()).await?;
    let text = audited.to_string();
    assert!(text.contains("***567") && !text.contains("1234567") && !text.contains("dana@"), "{text}");

    assert_eq!(crm.own(crm.agent, args.clone()).await?.kind(), "/problems/exists");
    for (change, field) in [
        (LeadFields { owner_id: Some(crm.admin), ..LeadFields::default() }, "owner_id"),
        (LeadFields { email: Some("nonsense".to_owned()), ..LeadFields::default() }, "email"),
        (LeadFields { name: Some("x".repeat(201)), ..LeadFields::default() }, "name"),
        (LeadFields { tags: vec!["x".repeat(51)], ..LeadFields::default() }, "tags"),
        (LeadFields { notes: "x".repeat(20_001), ..LeadFields::default() }, "notes"),
    ] {
        let args = LeadCreateV1 { lead_id: LeadId(Uuid::now_v7()), fields: change };
        let outcome = crm.own(crm.agent, args).await?;
        let problem = outcome.problem.clone().unwrap_or_default();
        assert_eq!((outcome.status(), &problem["errors"][0]["field"]), (422, &json!(field)));
    }
    assert_eq!(crm.database.count("SELECT count(*) FROM prosaas.leads").await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_records_what_differs() -> Result<()> {
    let crm = Crm::quiet().await?;
    let id = crm.new_lead(&["0541111111"]).await?;
    let changes = LeadChanges {
        name: Some(None),
        status: Some(LeadStatus::Won),
        phones: Some(vec!["0542222222".to_owned(), "0541111111".to_owned()]),
        ..LeadChanges::default()
    };
    let done = crm.own(crm.agent, update(id, 1, changes)).await?;
    assert_eq!(done.result, Some(json!({ "lead_id": id, "version": 2 })));
    assert_eq!(
        (crm.caller("+972541111111").await?, crm.caller("+972542222222").await?),
        (Some(id), Some(id))
    );
    let (before, after): (Value, Value) =
        sqlx::query_as("SELECT before, after FROM prosaas.audit_records WHERE action = 'lead.update'")
            .fetch_one(crm.pool())
            .await?;
    assert_eq!(
        (&before["status"], &after["status"], &after["name"]),
        (&json!("new"), &json!("won"), &Value::Null)
    );
    assert!(after.get("tags").is_none(), "{after}");
    let stale = crm.own(crm.agent, update(id, 1, LeadChanges::default())).await?;
    assert_eq!((stale.status(), stale.kind()), (412, "/problems/version"));
    assert_eq!(crm.own(crm.agent, LeadDeleteV1 { lead_id: id }).await?.status(), 200);
    let gone = crm.own(crm.agent, update(id, 3, LeadChanges::default())).await?;
    assert_eq!((gone.status(), gone.kind()), (409, "/problems/lead-deleted"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_updates_at_once_one_looks_again() -> Result<()> {
    let crm = Arc::new(Crm::quiet().await?);
    let id = crm.new_lead(&[]).await?;
    for version in 1..=20 {
        let write = |actor: UserId, notes: &str| {
            let changes = LeadChanges { notes: Some(notes.to_owned()), ..LeadChanges::default() };
            let crm = crm.clone();
            tokio::spawn(async move { crm.own(actor, update(id, version, changes)).await })
        };
        let (one, two) = (write(crm.agent, "one"), write(crm.manager, "two"));
        let mut statuses = [one.await??.status(), two.await??.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "version {version}");
    }
    Ok(())
}

#[tokio::test]
async fn in_the_trash_a_lead_matches_nobody() -> Result<()> {
    let crm = Crm::quiet().await?;
    let first = crm.new_lead(&["0541234567"]).await?;
    let second = crm.new_lead(&["054-1234567"]).await?;
    assert_eq!(crm.caller(NUMBER).await?, Some(first), "who held it first");
    let delete = |lead_id| crm.own(crm.agent, LeadDeleteV1 { lead_id });
    let restore = |lead_id| crm.own(crm.agent, LeadRestoreV1 { lead_id });
    assert_eq!(delete(first).await?.status(), 200);
    assert_eq!(crm.caller(NUMBER).await?, Some(second), "the next one that holds it");
    assert_eq!(restore(first).await?.status(), 200);
    assert_eq!(crm.caller(NUMBER).await?, Some(second), "it is taken");
    assert_eq!(delete(second).await?.status(), 200);
    assert_eq!(crm.caller(NUMBER).await?, Some(first));
    assert_eq!(delete(first).await?.status(), 200);
    assert_eq!(crm.caller(NUMBER).await?, None);
    assert_eq!(restore(second).await?.status(), 200);
    assert_eq!(crm.caller(NUMBER).await?, Some(second), "free again");
    assert_eq!(delete(first).await?.kind(), "/problems/lead-deleted");
    assert_eq!(restore(second).await?.kind(), "/problems/lead-not-deleted");
    let none = update(second, 3, LeadChanges { phones: Some(Vec::new()), ..LeadChanges::default() });
    assert_eq!(crm.own(crm.agent, none).await?.status(), 200);
    assert_eq!(crm.caller(NUMBER).await?, None);
    Ok(())
}

#[tokio::test]
async fn many_go_and_come_back_each_with_its_record() -> Result<()> {
    let crm = Crm::quiet().await?;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(crm.new_lead(&["0541234567"]).await?);
    }
    let other = business(crm.pool()).await?;
    let foreign = lead(&[]);
    let foreign_id = foreign.lead_id;
    assert_eq!(crm.send(crm.admin, Some(other), foreign).await?.status(), 200);
    assert_eq!(crm.own(crm.agent, LeadDeleteV1 { lead_id: ids[0] }).await?.status(), 200);
    let asked = [ids.clone(), vec![ids[1], foreign_id, LeadId(Uuid::now_v7())]].concat();
    let batch_id = BatchId(Uuid::now_v7());
    let done = crm.own(crm.agent, LeadDeleteManyV1 { batch_id, lead_ids: asked.clone() }).await?;
    // The result names those that moved, so that all of them can be brought back, and nothing else.
    assert_eq!(done.result, Some(json!({ "deleted": 2, "skipped": 3, "lead_ids": &ids[1..] })));
    let done = crm.own(crm.agent, LeadRestoreManyV1 { batch_id, lead_ids: asked }).await?;
    assert_eq!(done.result, Some(json!({ "restored": 3, "skipped": 2, "lead_ids": ids })));
    assert!(crm.caller("+972541234567").await?.is_some());
    let records = crm.actions().await?;
    let count = |word: &str| records.iter().filter(|action| *action == word).count();
    assert_eq!((count("lead.delete"), count("lead.restore")), (3, 3));
    let live = crm.database.count("SELECT count(*) FROM prosaas.leads WHERE deleted_at IS NULL").await?;
    assert_eq!(live, 4);
    Ok(())
}

#[tokio::test]
async fn ten_thousand_leads_fit_into_one_command() -> Result<()> {
    let crm = Crm::quiet().await?;
    sqlx::query(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'lead ' || n, 'manual', now(), now() FROM generate_series(1, 10000) n",
    )
    .bind(crm.business.0)
    .execute(crm.pool())
    .await?;
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM prosaas.leads").fetch_all(crm.pool()).await?;
    let lead_ids: Vec<LeadId> = ids.into_iter().map(LeadId).collect();
    let batch_id = BatchId(Uuid::now_v7());
    let args = LeadDeleteManyV1 { batch_id, lead_ids: lead_ids.clone() };
    let sent = super::command("bulk", crm.agent, Some(crm.business), args.clone())?;
    assert!(sent.payload.len() < prosaas_events::MAX_EVENT_BYTES);
    let done = crm.own(crm.agent, args).await?;
    let named = |result: &Value| result["lead_ids"].as_array().map(Vec::len);
    assert_eq!(done.result.as_ref().map(|result| &result["deleted"]), Some(&json!(10_000)));
    assert_eq!(done.result.as_ref().and_then(named), Some(10_000));
    assert_eq!(crm.database.count("SELECT count(*) FROM prosaas.audit_records").await?, 10_000);
    let more = [lead_ids, vec![LeadId(Uuid::now_v7())]].concat();
    assert_eq!(crm.own(crm.agent, LeadDeleteManyV1 { batch_id, lead_ids: more }).await?.status(), 422);
    Ok(())
}

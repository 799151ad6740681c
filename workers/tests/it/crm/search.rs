//! What a search finds, and that an index carries it.

use anyhow::Result;
use prosaas_shared::{
    events::crm::lead::{LeadCreateV1, LeadFields},
    ids::LeadId,
};
use uuid::Uuid;

use super::{Crm, business};

/// As the API's list asks it.
const FOUND: &str = "SELECT name FROM prosaas.leads
    WHERE business_id = $1 AND deleted_at IS NULL
      AND search_pieces @> prosaas.search_query($1, $2)
      AND search_text LIKE ALL (prosaas.search_patterns($2))
    ORDER BY name";

fn lead(name: &str, phone: &str, email: &str) -> LeadCreateV1 {
    let fields = LeadFields {
        name: Some(name.to_owned()),
        email: Some(email.to_owned()).filter(|text| !text.is_empty()),
        phones: vec![phone.to_owned()],
        tags: vec!["קיץ 2025".to_owned()],
        ..LeadFields::default()
    };
    LeadCreateV1 { lead_id: LeadId(Uuid::now_v7()), fields }
}

#[tokio::test]
async fn a_lead_is_found_by_any_part_of_it() -> Result<()> {
    let crm = Crm::quiet().await?;
    for args in [
        lead("דנה לוי", "054-123-4567", "Dana.Levi@example.com"),
        lead("דָּנִי כהן", "+1 415 867 5309", ""),
        lead("O'Brien", "*2700", ""),
    ] {
        assert_eq!(crm.own(crm.agent, args).await?.status(), 200);
    }
    let other = business(crm.pool()).await?;
    assert_eq!(crm.send(crm.admin, Some(other), lead("דנה", "0541234567", "")).await?.status(), 200);
    let (levi, cohen, brien) = ("דנה לוי", "דָּנִי כהן", "O'Brien");
    for (asked, wanted) in [
        ("דנה", vec![levi]),
        ("ד", vec![cohen, levi]),
        ("דני", vec![cohen]),
        ("לו", vec![levi]),
        ("  לוי   דנה ", vec![levi]),
        ("נה", vec![]),
        ("dana.levi@EXAMPLE", vec![levi]),
        ("ample.c", vec![levi]),
        ("0541234567", vec![levi]),
        ("054-123", vec![levi]),
        ("(054) 123 4567", vec![levi]),
        ("+972 54-123-4567", vec![levi]),
        ("00972541234567", vec![levi]),
        ("4567", vec![levi]),
        ("8675309", vec![cohen]),
        ("2700", vec![brien]),
        ("brien", vec![brien]),
        ("דנה 054", vec![levi]),
        ("קיץ", vec![brien, cohen, levi]),
        ("%", vec![]),
        ("d%i", vec![]),
        ("נועה", vec![]),
    ] {
        let mut found: Vec<String> =
            sqlx::query_scalar(FOUND).bind(crm.business.0).bind(asked).fetch_all(crm.pool()).await?;
        found.sort();
        let mut wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        wanted.sort();
        assert_eq!(found, wanted, "{asked}");
    }
    Ok(())
}

#[tokio::test]
async fn an_index_carries_the_search() -> Result<()> {
    let crm = Crm::quiet().await?;
    sqlx::query(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'lead ' || md5(n::text), 'manual', now(), now()
         FROM generate_series(1, 5000) n",
    )
    .bind(crm.business.0)
    .execute(crm.pool())
    .await?;
    sqlx::query(
        "INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw, created_at)
         SELECT gen_random_uuid(), business_id, id, '+97254' || lpad((row_number() OVER ())::text, 7, '0'), 'x', now()
         FROM prosaas.leads",
    )
    .execute(crm.pool())
    .await?;
    // It also empties the index's list of pending entries, which makes the index dear to the planner
    // for as long as no autovacuum comes by.
    sqlx::query("VACUUM ANALYZE prosaas.leads").execute(crm.pool()).await?;
    for asked in ["c4ca4238a0b9", "0540004321"] {
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("EXPLAIN {FOUND}")))
            .bind(crm.business.0)
            .bind(asked)
            .fetch_all(crm.pool())
            .await?;
        assert!(plan.iter().any(|line| line.contains("leads_search_ix")), "{asked}: {plan:#?}");
        let found: Vec<String> =
            sqlx::query_scalar(FOUND).bind(crm.business.0).bind(asked).fetch_all(crm.pool()).await?;
        assert_eq!(found.len(), 1, "{asked}");
    }
    Ok(())
}

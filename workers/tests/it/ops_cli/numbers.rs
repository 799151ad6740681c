//! `numbers`.

use anyhow::Result;
use serde_json::json;

use super::Cli;
use crate::crm::business;

#[tokio::test]
async fn what_holds_no_number_is_listed_and_masked() -> Result<()> {
    let cli = Cli::empty().await?;
    let pool = &cli.database.pool;
    let shop = business(pool).await?;
    assert_eq!(cli.run(&["--json", "numbers"]).await?.json()?, json!([]));
    sqlx::raw_sql(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         SELECT '00000000-0000-7000-8000-000000000001', id, 'Noa', 'manual', now(), now() FROM prosaas.businesses;
         INSERT INTO prosaas.lead_phones (id, business_id, lead_id, raw, matches_callers, created_at)
         SELECT gen_random_uuid(), business_id, id, n.raw, false, now()
         FROM prosaas.leads, (VALUES ('+97254111999'), ('*2700')) AS n (raw);",
    )
    .execute(pool)
    .await?;
    let listed = cli.run(&["--json", "numbers"]).await?.json()?;
    let id = "00000000-0000-7000-8000-000000000001";
    assert_eq!(listed, json!([{ "kind": "lead_phone", "business_id": shop, "id": id, "text": "***999" }]));
    let table = cli.run(&["numbers", "--limit", "1"]).await?;
    assert!(table.code == 0 && table.out.contains("***999"), "{} {}", table.out, table.err);
    Ok(())
}

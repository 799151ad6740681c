//! `outward`.

use anyhow::Result;
use serde_json::json;

use super::Cli;
use crate::crm::business;

#[tokio::test]
async fn the_switch_is_on_record_and_the_list_begins_with_the_unknown() -> Result<()> {
    let cli = Cli::empty().await?;
    let pool = &cli.database.pool;
    let shop = business(pool).await?.to_string();
    sqlx::raw_sql(
        "INSERT INTO prosaas.outward_effects (id, business_id, cause, sender, destination, body, state, expires_at)
         SELECT gen_random_uuid(), b.id, n.state, 'ProSaaS', '+97252123456' || n.digit, 'x', n.state, now()
         FROM prosaas.businesses AS b, (VALUES ('accepted', '1'), ('unknown', '2'), ('due', '3')) AS n (state, digit)",
    )
    .execute(pool)
    .await?;
    let listed = cli.run(&["--json", "outward", "list", "--business", &shop]).await?.json()?;
    assert_eq!((&listed[0]["state"], &listed[0]["to"]), (&json!("unknown"), &json!("***562")));
    assert_eq!((&listed[0]["stopped"], listed.as_array().map(Vec::len)), (&json!(false), Some(3)));

    let stop = ["--json", "--by", "Dana", "outward", "stop", "--business", &shop, "--reason", "a fault"];
    assert_eq!(cli.run(&stop).await?.json()?, json!({ "stopped": true, "changed": true }));
    assert_eq!(cli.run(&stop).await?.json()?, json!({ "stopped": true, "changed": false }));
    let listed = cli.run(&["--json", "outward", "list"]).await?.json()?;
    assert_eq!(listed[0]["stopped"], json!(true));
    let all = ["--json", "outward", "resume", "--reason", "it is well"];
    assert_eq!(cli.run(&all).await?.json()?["changed"], json!(false), "that of the business stands");
    let resume = ["--json", "outward", "resume", "--business", &shop, "--reason", "it is well"];
    assert_eq!(cli.run(&resume).await?.json()?["changed"], json!(true));
    let nobody = "00000000-0000-7000-8000-000000000009";
    assert_eq!(cli.run(&["outward", "stop", "--business", nobody, "--reason", "x"]).await?.code, 3);
    assert_eq!(cli.run(&["outward", "stop", "--reason", " "]).await?.code, 4);

    let records: Vec<(String, String)> = sqlx::query_as(
        "SELECT action, actor_name FROM prosaas.audit_records WHERE entity_type = 'outward' ORDER BY at",
    )
    .fetch_all(pool)
    .await?;
    let expected = [("outward.stop", "prosaas-ops (Dana)"), ("outward.resume", "prosaas-ops (operator)")];
    assert_eq!(records, expected.map(|(action, by)| (action.to_owned(), by.to_owned())));
    Ok(())
}

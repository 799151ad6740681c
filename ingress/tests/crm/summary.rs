//! The home page's figures.

use anyhow::{Result, ensure};
use prosaas_domain::rights::Role;
use serde_json::json;

use crate::support::{FOREIGN, OWN, World};

#[tokio::test]
async fn days_are_counted_in_the_businesss_time_zone() -> Result<()> {
    // Where midnight comes meanwhile, it does not come again.
    ensure!(days_are_counted().await? || days_are_counted().await?, "the day changes again and again");
    Ok(())
}

/// False where the day has changed meanwhile.
async fn days_are_counted() -> Result<bool> {
    let world = World::new().await?;
    let day: String = sqlx::query_scalar("SELECT (now() AT TIME ZONE 'Asia/Jerusalem')::date::text")
        .fetch_one(&world.pool)
        .await?;
    world.businesses().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    // The last second of yesterday and the first of today, as a clock in Jerusalem shows them.
    world
        .sql(format!(
            "CREATE TEMP TABLE midnight AS
                SELECT date_trunc('day', now() AT TIME ZONE 'Asia/Jerusalem') AT TIME ZONE 'Asia/Jerusalem' AS at;
             INSERT INTO prosaas.calls (call_sid, business_id, started_at, missed, callback_needed, called_back_at)
             SELECT sid, business::uuid, at + shift, missed, missed, CASE WHEN sid = 'CA3' THEN now() END
             FROM midnight, (VALUES
                 ('CA1', '{OWN}', interval '-1 second', true),
                 ('CA2', '{OWN}', interval '0', true),
                 ('CA3', '{OWN}', interval '0', true),
                 ('CA4', '{OWN}', interval '0', false),
                 ('CA5', '{OWN}', interval '-40 days', true),
                 ('CA6', '{FOREIGN}', interval '0', true)
             ) AS v (sid, business, shift, missed);
             INSERT INTO prosaas.leads (id, business_id, name, status, source, created_at, updated_at, deleted_at)
             SELECT gen_random_uuid(), '{OWN}', 'x', status, 'manual', at, at, CASE WHEN gone THEN now() END
             FROM midnight, (VALUES ('new', false), ('won', false), ('new', true)) AS v (status, gone);
             DROP TABLE midnight"
        ))
        .await?;
    let summary = world.read(&agent, "/api/summary").await?;
    if summary["today"]["date"] != day.as_str() {
        world.passed();
        return Ok(false);
    }
    assert_eq!(summary["time_zone"], "Asia/Jerusalem");
    assert_eq!((&summary["to_call_back"], &summary["new_leads"]), (&json!(3), &json!(1)));
    let days = summary["days"].as_array().unwrap();
    assert_eq!(days.len(), 30);
    assert_eq!(days[29], summary["today"]);
    let figures =
        |day: usize| (days[day]["calls"].clone(), days[day]["missed"].clone(), days[day]["leads"].clone());
    assert_eq!(figures(29), (json!(3), json!(2), json!(2)));
    assert_eq!(figures(28), (json!(1), json!(1), json!(0)));
    assert_eq!(figures(0), (json!(0), json!(0), json!(0)));
    world.passed();
    Ok(true)
}

//! `users` and `audit`.

use anyhow::Result;
use serde_json::Value;
use uuid::Uuid;

use super::Cli;
use crate::crm::{business, person, session};

#[tokio::test]
async fn people_are_brought_back_and_logged_out_with_a_record_of_who_did_it() -> Result<()> {
    let cli = Cli::empty().await?;
    let pool = &cli.database.pool;
    let shop = business(pool).await?;
    let user = person(pool, Some(shop), "agent", "noa@example.com").await?;
    let id = user.0.to_string();
    session(pool, user).await?;
    session(pool, user).await?;
    let live = "SELECT count(*) FROM prosaas.user_sessions WHERE ended_at IS NULL";
    let ended = cli.run(&["users", "end-sessions", &id, "--by", "dana"]).await?;
    assert!(ended.code == 0 && ended.out.contains("2 sessions have ended"), "{} {}", ended.out, ended.err);
    assert_eq!(cli.database.count(live).await?, 0);
    let again = cli.run(&["--json", "users", "end-sessions", &id]).await?;
    assert_eq!(again.json()?["ended"], 0);

    assert_eq!(cli.run(&["users", "restore", &id]).await?.code, 3, "nobody removed them");
    sqlx::query("UPDATE prosaas.users SET deleted_at = now() WHERE id = $1")
        .bind(user.0)
        .execute(pool)
        .await?;
    session(pool, user).await?;
    let restored = cli.run(&["users", "restore", &id, "--by", "dana"]).await?;
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert_eq!(cli.database.count(live).await?, 0, "they log in anew");
    assert_eq!(cli.database.count("SELECT count(*) FROM prosaas.users WHERE deleted_at IS NULL").await?, 1);
    // Somebody else has the address meanwhile.
    sqlx::query("UPDATE prosaas.users SET deleted_at = now() WHERE id = $1")
        .bind(user.0)
        .execute(pool)
        .await?;
    person(pool, Some(shop), "agent", "noa@example.com").await?;
    let taken = cli.run(&["users", "restore", &id]).await?;
    assert!(taken.code == 1 && taken.err.contains("somebody else may have the address"), "{}", taken.err);
    for command in ["restore", "end-sessions"] {
        let nobody = Uuid::nil().to_string();
        assert_eq!(cli.run(&["users", command, &nobody]).await?.code, 3, "{command}");
        assert_eq!(cli.run(&["users", command, "dana"]).await?.code, 2, "{command}: no id");
    }
    let records: Vec<(String, String, Option<Uuid>)> = sqlx::query_as(
        "SELECT action, actor_name, business_id FROM prosaas.audit_records WHERE entity_id = $1 ORDER BY at, id",
    )
    .bind(&id)
    .fetch_all(pool)
    .await?;
    let by = |action: &str, who: &str| (action.to_owned(), format!("prosaas-ops ({who})"), Some(shop.0));
    let wanted =
        [by("session.end_all", "dana"), by("session.end_all", "operator"), by("user.restore", "dana")];
    assert_eq!(records, wanted);

    let create =
        ["users", "create", "--name", "Omer", "--email", "omer@example.com", "--role", "system_admin"];
    let made = cli.run(&[&create[..], &["--json", "--by", "dana"]].concat()).await?.json()?;
    assert!(made["password"].is_string(), "{made}");
    let record = "SELECT count(*) FROM prosaas.audit_records
                  WHERE action = 'user.create' AND actor_name = 'prosaas-ops (dana)'";
    assert_eq!(cli.database.count(record).await?, 1);
    Ok(())
}

/// Three records of a lead and one of a person.
async fn records(cli: &Cli) -> Result<()> {
    sqlx::query(
        "INSERT INTO prosaas.audit_records (id, at, actor_name, action, entity_type, entity_id, after)
         SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, '2026-01-01'::timestamptz + n * interval '1 day',
                'Dana', CASE n WHEN 4 THEN 'user.restore' ELSE 'lead.update' END, 'lead', 'lead-' || n % 2,
                '{\"name\": \"Noa\", \"phone\": \"+972541234567\", \"status\": \"new\"}'::jsonb
         FROM generate_series(1, 4) n",
    )
    .execute(&cli.database.pool)
    .await?;
    Ok(())
}

#[tokio::test]
async fn audit_records_are_searched_and_exported_without_personal_data() -> Result<()> {
    let cli = Cli::empty().await?;
    records(&cli).await?;
    let export = cli.run(&["audit", "export", "--from", "2026-01-01", "--to", "2026-01-05"]).await?;
    assert!(!export.out.contains("541234567") && !export.out.contains("Noa"), "{}", export.out);
    let lines = export.json_lines()?;
    let of = |lines: &[Value], name: &str| -> Vec<String> {
        lines.iter().filter_map(|line| Some(line[name].as_str()?.to_owned())).collect()
    };
    assert_eq!(of(&lines, "entity_id"), ["lead-1", "lead-0", "lead-1"], "the oldest first, the end left out");
    assert_eq!(lines[0]["after"]["phone"], "***567");
    assert_eq!(lines[0]["after"]["status"], "new");
    let only =
        cli.run(&["audit", "export", "--action", "lead.", "--entity", "lead-0"]).await?.json_lines()?;
    assert_eq!(of(&only, "action"), ["lead.update"]);
    assert_eq!(cli.run(&["audit", "export", "--action", "call."]).await?.out, "");

    let reveals = "SELECT count(*) FROM prosaas.audit_records WHERE action = 'audit.reveal'";
    assert_eq!(cli.database.count(reveals).await?, 0);
    let shown = cli.run(&["audit", "export", "--reveal", "--action", "lead."]).await?.json_lines()?;
    assert_eq!(shown[0]["after"]["phone"], "+972541234567");
    let hidden = cli.run(&["--json", "audit", "search", "--action", "lead."]).await?;
    assert!(!hidden.out.contains("541234567"), "{}", hidden.out);
    assert_eq!(cli.database.count(reveals).await?, 1);
    let shown = cli.run(&["--json", "audit", "search", "--action", "lead.", "--reveal"]).await?.json()?;
    assert_eq!(shown[0]["after"]["name"], "Noa");
    assert_eq!(cli.database.count(reveals).await?, 2, "asking is on record");
    let table = cli.run(&["audit", "search", "--action", "lead.update", "--limit", "2"]).await?;
    assert_eq!(table.out.lines().count(), 3, "{}", table.out);
    assert!(table.out.lines().nth(1).is_some_and(|line| line.starts_with("2026-01-04")), "{}", table.out);
    Ok(())
}

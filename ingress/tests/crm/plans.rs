//! Lists, search and details read indexes: what Postgres itself says of the statements
//! that the API has prepared, with a tenth of the volume that the benchmark measures.

use anyhow::{Context as _, Result, ensure};
use prosaas_shared::{ids::BusinessId, rights::Role};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::support::World;

const LARGE: BusinessId = BusinessId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));

const VOLUME: &str = include_str!("../../../bench/sql/crm_volume.sql");

/// A request, and how its statement is to be carried out.
struct Case {
    /// The request, asked several times, so that Postgres settles on a plan.
    path: &'static str,
    /// What only its statement says.
    says: &'static str,
    /// The statement's parameters.
    arguments: String,
    /// The index that is read.
    index: &'static str,
    /// Whether the index gives the order: nothing is sorted.
    ordered: bool,
}

fn leads(order: &'static str, says: &'static str, filter: &str, after: &str, index: &'static str) -> Case {
    Case {
        path: order,
        says,
        arguments: format!("'{LARGE}', {filter}, {after}, 51"),
        index,
        ordered: true,
    }
}

fn cases() -> Vec<Case> {
    const ALL: &str = "NULL, NULL, NULL, NULL, NULL";
    let (newest, oldest) = (format!("'infinity', '{}'", Uuid::max()), format!("'-infinity', '{}'", Uuid::nil()));
    let middle = format!("'2026-01-01 00:00:00+00', '{}'", Uuid::nil());
    let created = "ORDER BY l.created_at DESC, l.id DESC LIMIT $9";
    let call = |path, filter: &str, index| Case {
        path,
        says: "AND (c.started_at, c.call_sid) < ($8, $9)",
        arguments: format!("'{LARGE}', {filter}, NULL, '9999-12-31', '', 51"),
        index,
        ordered: true,
    };
    let lead = "00000001-0000-7000-8000-000000000001";
    vec![
        leads("/api/leads", created, ALL, &newest, "leads_business_created_ix"),
        leads("/api/leads", created, ALL, &middle, "leads_business_created_ix"),
        leads(
            "/api/leads?order=asc",
            "ORDER BY l.created_at ASC",
            ALL,
            &oldest,
            "leads_business_created_ix",
        ),
        leads(
            "/api/leads?sort=updated_at",
            "ORDER BY l.updated_at DESC",
            ALL,
            &newest,
            "leads_business_updated_ix",
        ),
        leads(
            "/api/leads?sort=name",
            "COLLATE \"C\" ASC",
            ALL,
            &format!("'', '{}'", Uuid::nil()),
            "leads_business_name_ix",
        ),
        leads(
            "/api/leads?sort=last_call",
            "'-infinity'::timestamptz) DESC",
            ALL,
            &newest,
            "leads_business_last_call_ix",
        ),
        leads(
            "/api/leads?deleted=only",
            "ORDER BY l.deleted_at DESC",
            ALL,
            &newest,
            "leads_business_deleted_ix",
        ),
        Case {
            ordered: false,
            ..leads("/api/leads?q=12345", created, "'12345', NULL, NULL, NULL, NULL", &newest, "leads_search_ix")
        },
        Case {
            ordered: false,
            ..leads("/api/leads?q=lead777", created, "'lead777@', NULL, NULL, NULL, NULL", &newest, "leads_search_ix")
        },
        call("/api/calls", "NULL, NULL, NULL, NULL, NULL", "calls_business_started_ix"),
        call("/api/calls?to_call_back=true", "NULL, NULL, true, NULL, NULL", "calls_business_callback_ix"),
        call(
            "/api/calls?lead_id=00000001-0000-7000-8000-000000000001",
            "NULL, NULL, NULL, '00000001-0000-7000-8000-000000000001', NULL",
            "calls_business_lead_ix",
        ),
        Case {
            ordered: false,
            ..call("/api/calls?number=0500000001", "NULL, NULL, NULL, NULL, '+972500000001'", "calls_business_from_ix")
        },
        Case {
            path: "/api/leads/00000001-0000-7000-8000-000000000001",
            says: "l.business_id = $1 AND l.id = $2",
            arguments: format!("'{LARGE}', '{lead}'"),
            index: "leads_",
            ordered: true,
        },
        Case {
            path: "/api/leads/00000001-0000-7000-8000-000000000001/timeline",
            says: "'change:' || a.id",
            arguments: format!("'{LARGE}', '{lead}', '{lead}', '9999-12-31', '', 51"),
            index: "audit_records_entity_ix",
            ordered: false,
        },
        Case {
            path: "/api/calls/CA00000001000000000000000000000001",
            says: "c.business_id = $1 AND c.call_sid = $2",
            arguments: format!("'{LARGE}', 'CA00000001000000000000000000000001'"),
            index: "calls_pk",
            ordered: true,
        },
        Case {
            path: "/api/calls/CA00000001000000000000000000000001",
            says: "FROM prosaas.call_events",
            arguments: format!("'{LARGE}', 'CA00000001000000000000000000000001', 500"),
            index: "call_events_call_ix",
            ordered: false,
        },
        Case {
            path: "/api/summary",
            says: "FROM generate_series(($3::date",
            arguments: format!("'{LARGE}', 'Asia/Jerusalem', '2026-01-15', 30"),
            index: "calls_business_started_ix",
            ordered: false,
        },
    ]
}

/// The plan of the statement that the API has prepared on its only connection.
async fn plan(world: &World, case: &Case) -> Result<Vec<String>> {
    let mut connection = world.app.api.database.acquire().await?;
    let name: String = sqlx::query_scalar(
        "SELECT name FROM pg_prepared_statements
         WHERE position($1 IN regexp_replace(statement, '\\s+', ' ', 'g')) > 0 AND statement NOT LIKE '%pg_prepared%'
         ORDER BY prepare_time DESC LIMIT 1",
    )
    .bind(case.says)
    .fetch_optional(&mut *connection)
    .await?
    .with_context(|| format!("{}: no statement says {:?}", case.path, case.says))?;
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE {name} ({})", case.arguments);
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await?;
    rows.iter().map(|row| Ok(sqlx::Row::try_get::<String, _>(row, 0)?)).collect()
}

#[tokio::test]
async fn lists_search_and_details_read_indexes() -> Result<()> {
    let world = World::new().await?;
    let (rows, figures) = VOLUME.split_once("VACUUM").context("the figures are collected at the end")?;
    world.sql(format!("SET volume.leads = 20000; SET volume.calls = 100000; {rows}")).await?;
    world.sql(format!("VACUUM{figures}")).await?;
    let agent = world.login(Some(LARGE), Role::Agent).await?;
    for case in cases() {
        // After five times Postgres may take a plan that fits every argument.
        for _ in 0..8 {
            let answer = world.get(&agent, case.path).await?;
            ensure!(answer.status == 200, "{}: {}", case.path, answer.json());
        }
        let plan = plan(&world, &case).await?;
        let text = plan.join("\n");
        assert!(text.contains(case.index), "{} does not read {}:\n{text}", case.path, case.index);
        for table in ["leads", "calls", "lead_phones", "recordings", "audit_records", "call_events"] {
            assert!(!text.contains(&format!("Seq Scan on {table}")), "{} reads all of {table}:\n{text}", case.path);
        }
        // What is sorted inside a row (its numbers, its recordings) stands deeper, in a sub-plan.
        let main = text.split("SubPlan").next().unwrap_or_default();
        assert!(!case.ordered || !main.contains("Sort"), "{} sorts:\n{text}", case.path);
    }
    let found = world.read(&agent, "/api/leads?q=lead777@").await?;
    assert_eq!(found["items"][0]["email"], "lead777@example.com");
    let calls = world.read(&agent, "/api/calls?number=050-0000001").await?;
    assert!(!calls["items"].as_array().unwrap().is_empty());
    world.passed();
    Ok(())
}

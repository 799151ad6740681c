//! Lists, search and details read indexes: what Postgres itself says of the statements
//! that the API has prepared, with a tenth of the volume that the benchmark measures.

use anyhow::{Context as _, Result, ensure};
use prosaas_domain::{ids::BusinessId, rights::Role};
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

/// The large business's first lead.
const LEAD: &str = "00000001-0000-7000-8000-000000000001";

impl Case {
    /// A list of leads.
    fn leads(path: &'static str, says: &'static str, filter: &str, after: &str, index: &'static str) -> Self {
        let arguments = format!("'{LARGE}', {filter}, {after}, 51, NULL");
        Self { path, says, arguments, index, ordered: true }
    }

    /// A list of calls.
    fn calls(path: &'static str, filter: &str, index: &'static str) -> Self {
        let arguments = format!("'{LARGE}', {filter}, NULL, '9999-12-31', '', 51, NULL");
        Self { path, says: "AND (c.started_at, c.call_sid) < ($8, $9)", arguments, index, ordered: true }
    }

    /// Few rows, which are sooner sorted than read in order.
    fn few(self) -> Self {
        Self { ordered: false, ..self }
    }
}

fn lists_of_leads() -> Vec<Case> {
    const ALL: &str = "NULL, NULL, NULL, NULL, NULL";
    let newest = format!("'infinity', '{}'", Uuid::max());
    let oldest = format!("'-infinity', '{}'", Uuid::nil());
    let middle = format!("'2026-01-01 00:00:00+00', '{}'", Uuid::nil());
    let first = format!("'', '{}'", Uuid::nil());
    let created = "ORDER BY l.created_at DESC, l.id DESC LIMIT $9";
    let searched = |word: &str| format!("'{word}', NULL, NULL, NULL, NULL");
    let of = Case::leads;
    vec![
        of("/api/leads", created, ALL, &newest, "leads_business_created_ix"),
        of("/api/leads", created, ALL, &middle, "leads_business_created_ix"),
        of("/api/leads?order=asc", "ORDER BY l.created_at ASC", ALL, &oldest, "leads_business_created_ix"),
        of("/api/leads?sort=updated_at", "BY l.updated_at DESC", ALL, &newest, "leads_business_updated_ix"),
        of("/api/leads?sort=name", "COLLATE \"C\" ASC", ALL, &first, "leads_business_name_ix"),
        of("/api/leads?sort=last_call", "::timestamptz) DESC", ALL, &newest, "leads_business_last_call_ix"),
        of("/api/leads?deleted=only", "BY l.deleted_at DESC", ALL, &newest, "leads_business_deleted_ix")
            .few(),
        of("/api/leads?q=12345", created, &searched("12345"), &newest, "leads_fold_ix").few(),
        of("/api/leads?q=lead777", created, &searched("lead777@"), &newest, "leads_fold_ix").few(),
        // As a word and as two.
        Case {
            arguments: format!("'{LARGE}', {}, {newest}, 51, 'lead 777'", searched("lead777")),
            ..of("/api/leads?q=lead%27777", created, "", "", "leads_fold_ix").few()
        },
    ]
}

fn lists_of_calls() -> Vec<Case> {
    let lead = format!("NULL, NULL, NULL, '{LEAD}', NULL");
    let number = "NULL, NULL, NULL, NULL, '+972500000777'";
    let of = Case::calls;
    vec![
        of("/api/calls", "NULL, NULL, NULL, NULL, NULL", "calls_business_started_ix"),
        of("/api/calls?to_call_back=true", "NULL, NULL, true, NULL, NULL", "calls_business_callback_ix"),
        of("/api/calls?lead_id=00000001-0000-7000-8000-000000000001", &lead, "calls_business_lead_ix").few(),
        of("/api/calls?number=0500000777", number, "calls_business_from_ix").few(),
        Case {
            arguments: format!(
                "'{LARGE}', NULL, NULL, NULL, NULL, NULL, NULL, '9999-12-31', '', 51, '{LEAD}'"
            ),
            ..of("/api/calls?person=00000001-0000-7000-8000-000000000001", "", "calls_person_ix")
        },
    ]
}

fn details() -> Vec<Case> {
    let call = "/api/calls/CA00000001000000000000000000000001";
    let sid = "CA00000001000000000000000000000001";
    vec![
        Case {
            path: "/api/leads/00000001-0000-7000-8000-000000000001",
            says: "l.business_id = $1 AND l.id = $2",
            arguments: format!("'{LARGE}', '{LEAD}'"),
            index: "leads_",
            ordered: true,
        },
        Case {
            path: "/api/leads/00000001-0000-7000-8000-000000000001/timeline",
            says: "'change:' || a.id",
            arguments: format!("'{LARGE}', '{LEAD}', '{LEAD}', '9999-12-31', '', 51"),
            index: "audit_records_thing_ix",
            ordered: false,
        },
        Case {
            path: call,
            says: "c.business_id = $1 AND c.call_sid = $2",
            arguments: format!("'{LARGE}', '{sid}'"),
            index: "calls_pk",
            ordered: true,
        },
        Case {
            path: call,
            says: "FROM prosaas.call_events",
            arguments: format!("'{LARGE}', '{sid}', 500"),
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
    // Lists are planned anew for each request; the other statements by Postgres's own rule.
    let list = !case.path.contains("/api/leads/")
        && !case.path.contains("/api/calls/")
        && case.path != "/api/summary";
    let mode = if list { "force_custom_plan" } else { "auto" };
    let explain =
        format!("SET plan_cache_mode = {mode}; EXPLAIN (COSTS OFF) EXECUTE {name} ({})", case.arguments);
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
    for case in lists_of_leads().into_iter().chain(lists_of_calls()).chain(details()) {
        // After five times Postgres may take a plan that fits every argument.
        for _ in 0..8 {
            let answer = world.get(&agent, case.path).await?;
            ensure!(answer.status == 200, "{}: {}", case.path, answer.json());
        }
        let plan = plan(&world, &case).await?;
        let text = plan.join("\n");
        assert!(text.contains(case.index), "{} does not read {}:\n{text}", case.path, case.index);
        for table in ["leads", "calls", "lead_phones", "recordings", "audit_records", "call_events"] {
            assert!(
                !text.contains(&format!("Seq Scan on {table}")),
                "{} reads all of {table}:\n{text}",
                case.path
            );
        }
        // What is sorted inside a row (its numbers, its recordings) stands deeper, in a sub-plan.
        let main = text.split("SubPlan").next().unwrap_or_default();
        assert!(!case.ordered || !main.contains("Sort"), "{} sorts:\n{text}", case.path);
    }
    let found = world.read(&agent, "/api/leads?q=lead777@").await?;
    assert_eq!(found["items"][0]["email"], "lead777@example.com");
    let calls = world.read(&agent, "/api/calls?number=050-0000777").await?;
    assert!(!calls["items"].as_array().unwrap().is_empty());
    world.passed();
    Ok(())
}

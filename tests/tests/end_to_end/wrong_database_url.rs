//! A `DATABASE_URL` that waiting does not mend ends each program at its start, by its name; a
//! Postgres that is away does not.

use std::process::ExitStatus;

use anyhow::Context as _;
use prosaas_tests::{
    eventually::{SOON, eventually},
    ports,
    stack::{Options, Stack},
};
use sqlx::{AssertSqlSafe, PgPool};
use url::Url;
use uuid::Uuid;

/// Stands in no word that Postgres or a program writes by itself.
const PASSWORD: &str = "heron-over-the-marsh";

/// A user that may log in and do nothing else. Roles belong to all databases: it is dropped again.
struct Stranger {
    pool: PgPool,
    name: String,
}

impl Stranger {
    async fn make(stack: &Stack) -> anyhow::Result<Self> {
        let name = format!("stranger_{}", Uuid::now_v7().simple());
        let made = format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'");
        sqlx::raw_sql(AssertSqlSafe(made)).execute(&stack.pool).await?;
        Ok(Self { pool: stack.pool.clone(), name })
    }

    async fn drop(self) -> anyhow::Result<()> {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP ROLE {}", self.name))).execute(&self.pool).await?;
        Ok(())
    }
}

/// The stack's address with another user and, where one is named, another database.
fn url(stack: &Stack, user: &str, database: Option<&str>) -> anyhow::Result<String> {
    let mut url: Url = stack.database.url().parse()?;
    url.set_username(user).ok().context("a user")?;
    url.set_password(Some(PASSWORD)).ok().context("a password")?;
    if let Some(database) = database {
        url.set_path(database);
    }
    Ok(url.into())
}

fn set(stack: &mut Stack, url: &str) {
    for environment in [&mut stack.workers.environment, &mut stack.ingress.environment] {
        environment.insert("DATABASE_URL".to_owned(), url.to_owned());
    }
}

/// Every program ends, names the setting and the code, and tells nothing of its value, `part` of which
/// is what is wrong.
async fn everybody_ends(stack: &mut Stack, code: &str, part: &str) -> anyhow::Result<()> {
    let told = |who: &str, status: ExitStatus, output: &str| {
        assert_eq!(status.code(), Some(1), "{who}: {output}");
        // What it wrote before, under another setting, stands in the same file.
        let last = output.trim_end().lines().next_back().unwrap_or_default();
        let named = last.contains("DATABASE_URL: ") && last.contains(&format!("SQLSTATE {code}"));
        assert!(named, "{who} must name it with {code}: {output}");
        assert!(!last.contains(part) && !output.contains(PASSWORD), "{who} tells the setting: {output}");
    };
    // It has an hour, and takes none of it.
    for arguments in [&["setup", "--wait", "3600"][..], &["dead", "list"]] {
        let (status, output) = stack.ops(arguments).await?;
        told("prosaas-ops", status, &output);
    }
    stack.workers.start()?;
    let (status, output) = stack.workers.ended(SOON).await?;
    told("prosaas-workers", status, &output);
    let (status, output) = stack.ingress.ends(SOON).await?;
    told("prosaas-ingress", status, &output);
    Ok(())
}

#[tokio::test]
async fn a_wrong_database_url_ends_each_program_by_its_name() -> anyhow::Result<()> {
    let mut stack = Stack::prepare(&Options::default()).await?;
    let (status, output) = stack.ops(&["setup"]).await?;
    anyhow::ensure!(status.success(), "{output}");
    let stranger = Stranger::make(&stack).await?;
    let nobody = format!("nobody_{}", Uuid::now_v7().simple());
    let cases = [
        // Where Postgres asks for no password it says 28000, else 28P01.
        ("28", url(&stack, &nobody, None)?, nobody.as_str()),
        ("3D000", url(&stack, &stranger.name, Some("no_such_database"))?, "no_such_database"),
        ("42501", url(&stack, &stranger.name, None)?, stranger.name.as_str()),
    ];
    for (code, url, part) in &cases {
        set(&mut stack, url);
        let ended = everybody_ends(&mut stack, code, part).await;
        ended.with_context(|| format!("the case {code}"))?;
    }
    stranger.drop().await?;
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn a_postgres_that_is_away_is_waited_for() -> anyhow::Result<()> {
    let mut stack = Stack::prepare(&Options::default()).await?;
    let (status, output) = stack.ops(&["setup"]).await?;
    anyhow::ensure!(status.success(), "{output}");
    let nowhere = format!("postgres://prosaas:{PASSWORD}@{}/prosaas", ports::free()?);
    set(&mut stack, &nowhere);
    let (status, output) = stack.ops(&["setup", "--wait", "1"]).await?;
    assert_eq!(status.code(), Some(5), "out of reach: {output}");
    stack.workers.start()?;
    stack.ingress.start().await?;
    eventually("ingress and workers wait", SOON, || async {
        let waiting = stack.scratch.all_logs()?.matches("postgres.waits").count();
        anyhow::ensure!(waiting == 2, "{waiting} wait");
        Ok(())
    })
    .await?;
    stack.workers.ensure_running()?;
    assert_eq!(stack.ingress.ready().await?.status, 503);
    assert!(!stack.scratch.all_logs()?.contains(PASSWORD));
    stack.passed();
    Ok(())
}

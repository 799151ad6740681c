//! A database of the benchmark's own, which goes with it.

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use url::Url;

use crate::settings::Settings;

/// The database.
pub struct Database {
    administrator: String,
    name: String,
    /// `DATABASE_URL` of the programs.
    pub url: String,
    /// The server's version and whether it promises what it commits.
    pub description: String,
}

impl Database {
    /// Creates it.
    pub async fn create(settings: &Settings) -> anyhow::Result<Self> {
        let administrator = settings.database_url.expose_secret().to_owned();
        let name = format!("prosaas_bench_{}", std::process::id());
        let mut connection = PgConnection::connect(&administrator).await.context("DATABASE_URL")?;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        let (version, fsync, commit): (String, String, String) = sqlx::query_as(
            "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')",
        )
        .fetch_one(&mut connection)
        .await?;
        let mut url: Url = administrator.parse().context("DATABASE_URL")?;
        url.set_path(&name);
        let description = format!("PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}");
        Ok(Self { administrator, name, url: url.into(), description })
    }

    /// Makes the Flask peer's table.
    pub async fn prepare_flask(&self, schema: &'static str) -> anyhow::Result<()> {
        PgConnection::connect(&self.url).await?.execute(schema).await?;
        Ok(())
    }

    /// Counts the Flask peer's rows and empties its table, so that each window begins alike.
    pub async fn take_calls(&self) -> anyhow::Result<u64> {
        let mut connection = PgConnection::connect(&self.url).await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM calls").fetch_one(&mut connection).await?;
        connection.execute("TRUNCATE calls").await?;
        Ok(count.try_into()?)
    }

    /// Drops it.
    pub async fn remove(self) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.administrator).await?;
        connection.execute(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name))).await?;
        Ok(())
    }
}

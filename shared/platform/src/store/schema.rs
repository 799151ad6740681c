//! `prosaas.schema_version`: whose tables these are, and which programs work on them.

use std::time::Duration;

use serde::Deserialize;
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{error::StoreError, migrations::migrator};
use crate::versions::{Standing, Versions};

/// The data file beside the migrations.
const COMPATIBILITY: &str = include_str!("../../../../migrations/compatibility.toml");

const TABLE: &str = "prosaas.schema_version";

/// Pause between two questions to a Postgres that is away.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compatibility {
    oldest_compatible: i64,
}

/// What this build's migrations make: the highest of their numbers, and the lowest whose
/// programs work on the outcome.
pub fn ours() -> Result<Versions, toml::de::Error> {
    let Compatibility { oldest_compatible } = toml::from_str(COMPATIBILITY)?;
    let version = migrator().iter().map(|migration| migration.version).max().unwrap_or_default();
    Ok(Versions { version, oldest_compatible })
}

/// Whether there is such a table.
pub(super) async fn is_there(on: impl PgExecutor<'_>, table: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(table).fetch_one(on).await
}

/// What the tables carry; none before the first release that wrote it.
pub(super) async fn read(connection: &mut PgConnection) -> Result<Option<Versions>, sqlx::Error> {
    if !is_there(&mut *connection, TABLE).await? {
        return Ok(None);
    }
    let row: Option<(i64, i64)> =
        sqlx::query_as("SELECT version, oldest_compatible FROM prosaas.schema_version")
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|(version, oldest_compatible)| Versions { version, oldest_compatible }))
}

/// Leaves what these tables are from now on.
pub(super) async fn write(connection: &mut PgConnection, ours: Versions) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO prosaas.schema_version AS held (version, oldest_compatible) VALUES ($1, $2)
         ON CONFLICT (only_row) DO UPDATE
         SET version = EXCLUDED.version, oldest_compatible = EXCLUDED.oldest_compatible
         WHERE (held.version, held.oldest_compatible) <> (EXCLUDED.version, EXCLUDED.oldest_compatible)",
    )
    .bind(ours.version)
    .bind(ours.oldest_compatible)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether this build's programs may work on the tables. Those that an older release has left, or
/// that are not there yet, they may.
///
/// # Errors
/// When a newer release's are not for them, or Postgres does not answer.
pub async fn judge(pool: &PgPool) -> Result<(), StoreError> {
    let mine = ours()?.version;
    let Some(theirs) = read(&mut *pool.acquire().await?).await? else { return Ok(()) };
    if theirs.judge(mine)? == Standing::Newer {
        tracing::info!(event = "schema.newer", "tables: {}", theirs.left_alone(mine));
    }
    Ok(())
}

/// Waits until Postgres answers, however long, and then judges its tables.
///
/// # Errors
/// When waiting changes nothing.
pub async fn enter(pool: &PgPool) -> Result<(), StoreError> {
    let mut told = false;
    loop {
        match judge(pool).await {
            Err(StoreError::Database(error)) => {
                if !told {
                    tracing::warn!(event = "postgres.waits", %error, "Postgres does not answer yet");
                    told = true;
                }
                tokio::time::sleep(PAUSE).await;
            }
            judged => return judged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_takes_programs_that_exist() {
        let ours = ours().unwrap();
        let numbers: Vec<i64> = migrator().iter().map(|migration| migration.version).collect();
        assert!(numbers.contains(&ours.version) && numbers.contains(&ours.oldest_compatible), "{ours:?}");
    }
}

//! Postgres: the pool and the migrations.

mod error;
mod fault;
mod migrations;
mod schema;

use std::{collections::HashMap, str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Row as _, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use self::migrations::{MIGRATIONS_TABLE, migrator};
pub use self::{
    error::StoreError,
    fault::fault_of_setting,
    migrations::SCHEMA,
    schema::{enter, judge, ours},
};
use crate::config::ConfigError;
use crate::versions::{Standing, Versions};

/// Key of the advisory lock that one migrator at a time holds: "prosaas" in ASCII.
const MIGRATION_LOCK: i64 = 0x0070_726f_7361_6173;

/// Longest time of one statement, as the role's default in this database: what a session
/// sets is lost behind a transaction pooler. Far above what any statement of ours takes.
const STATEMENT_TIMEOUT: &str = "30s";

/// How long a query waits for a free or new connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest that a pooled connection lives: Neon moves its computes, and a pooler's
/// address changes.
const MAX_LIFETIME: Duration = Duration::from_mins(30);

/// Makes a pool of at most `max` connections. It connects when it is first used,
/// so that a process starts, and lives, while Postgres is away.
///
/// Works behind a transaction pooler (Neon, PgBouncer 1.21 or newer): nothing here
/// sets session state, and statements are prepared by name through the protocol.
///
/// # Errors
/// When the URL cannot be read.
#[expect(clippy::unused_async, reason = "callers must be inside the runtime that the pool spawns on")]
pub async fn connect(url: &SecretString, max: u32) -> Result<PgPool, ConfigError> {
    // What is wrong with it may stand in the error, and a password beside it.
    let unreadable =
        |_| ConfigError::new(fault::VARIABLE, "cannot be read: write postgres://user:password@host/database");
    let options = PgConnectOptions::from_str(url.expose_secret()).map_err(unreadable)?;
    let options = options.application_name("prosaas");
    Ok(PgPoolOptions::new()
        .max_connections(max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        // Instead of the pool's own ping, so that it costs nothing more.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_at_rest(connection)))
        .connect_lazy_with(options))
}

/// Whether a pooled connection answers and stands in no transaction.
///
/// A request whose client hangs up, or a handler that is broken off, while `BEGIN` is on its
/// way leaves the transaction open, and sqlx's connection does not know of it: what the next
/// user writes would wait for a commit that never comes, or be refused where it was read-only.
/// False has the pool close the connection and open another.
///
/// Asked by the simple protocol, in which a statement by itself begins together with its
/// transaction. (In the extended one each message counts as a statement's begin.)
async fn is_at_rest(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row =
        sqlx::raw_sql("SELECT transaction_timestamp() = statement_timestamp()").fetch_one(connection).await?;
    let at_rest: bool = row.try_get(0)?;
    if !at_rest {
        tracing::info!(event = "postgres.left_open", "a transaction was left open: its connection is closed");
    }
    Ok(at_rest)
}

/// Applies what is missing of `migrations/`: all of it, or nothing. Safe to run from
/// several processes at once, and through a transaction pooler, because the lock and
/// every migration live in one transaction.
///
/// Tables of a newer release stay as they are, where this program works on them; then
/// their versions are given back.
///
/// # Errors
/// [`StoreError::TooOld`] where it does not.
pub async fn migrate(pool: &PgPool) -> Result<Option<Versions>, StoreError> {
    let ours = ours()?;
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *transaction).await?;
    sqlx::raw_sql("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await?;
    if let Some(theirs) = schema::read(&mut transaction).await?
        && theirs.judge(ours.version)? == Standing::Newer
    {
        return Ok(Some(theirs));
    }
    // A migration that is unknown here, although no newer release says that it was there, is refused by sqlx.
    migrator().run_direct(None, &mut *transaction, false).await?;
    schema::write(&mut transaction, ours).await?;
    limit_statements(&mut transaction).await?;
    transaction.commit().await?;
    Ok(None)
}

/// Gives the role a [`STATEMENT_TIMEOUT`] where the operator has set none, for the role, the
/// database or both. It counts from each connection's next beginning on.
async fn limit_statements(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let is_set: bool = sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
             WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
               AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
               AND setting LIKE 'statement_timeout=%'
         )",
    )
    .fetch_one(&mut *connection)
    .await?;
    if is_set {
        return Ok(());
    }
    let alter: String = sqlx::query_scalar(
        "SELECT format('ALTER ROLE %I IN DATABASE %I SET statement_timeout = %L',
                       current_user, current_database(), $1)",
    )
    .bind(STATEMENT_TIMEOUT)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::raw_sql(AssertSqlSafe(alter)).execute(connection).await?;
    Ok(())
}

/// Begins a read that takes as long as there is something to read, such as an export.
pub async fn begin_long_read(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with("BEGIN READ ONLY; SET LOCAL statement_timeout = 0").await
}

/// How a database stands to this build's migrations, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// How many this build has.
    pub known: usize,
    /// Not applied, or only half.
    pub missing: Vec<i64>,
    /// Applied with another text.
    pub changed: Vec<i64>,
    /// Applied by another build.
    pub unknown: Vec<i64>,
    /// What the tables carry; none before the first release that wrote it.
    pub carried: Option<Versions>,
}

/// Compares what was applied with what this build has; changes nothing.
pub async fn applied(pool: &PgPool) -> Result<Applied, sqlx::Error> {
    let mut held: HashMap<i64, Vec<u8>> = HashMap::new();
    if schema::is_there(pool, MIGRATIONS_TABLE).await? {
        let rows: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT version, checksum FROM prosaas._sqlx_migrations WHERE success")
                .fetch_all(pool)
                .await?;
        held.extend(rows);
    }
    let migrator = migrator();
    let mut applied = Applied {
        known: migrator.iter().count(),
        missing: vec![],
        changed: vec![],
        unknown: vec![],
        carried: schema::read(&mut *pool.acquire().await?).await?,
    };
    for migration in migrator.iter() {
        match held.remove(&migration.version) {
            None => applied.missing.push(migration.version),
            Some(checksum) if *checksum != *migration.checksum => applied.changed.push(migration.version),
            Some(_) => {}
        }
    }
    applied.unknown.extend(held.into_keys());
    applied.unknown.sort_unstable();
    Ok(applied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_has_a_number_of_its_own() {
        let versions: Vec<i64> = migrator().iter().map(|m| m.version).collect();
        assert!(!versions.is_empty());
        assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "{versions:?}");
    }

    #[tokio::test]
    async fn a_pool_is_made_while_postgres_is_away() {
        let nowhere = SecretString::from("postgres://nobody@127.0.0.1:1/none");
        assert!(connect(&nowhere, 1).await.is_ok());
        assert!(connect(&SecretString::from("not a url"), 1).await.is_err());
    }
}

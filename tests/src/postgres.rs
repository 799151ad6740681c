//! A database of the test's own in the Postgres of `DATABASE_URL`.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::sync::OnceCell;
use url::Url;
use uuid::Uuid;

use crate::{
    environment,
    eventually::{SOON, eventually},
    ports,
    proxy::TcpProxy,
};

/// What the name of every test's database begins with.
const PREFIX: &str = "prosaas_test_";

/// No test takes so long: a database that is older was left by a run that was killed.
const LEFT_BEHIND: Duration = Duration::from_hours(12);

static SWEPT: OnceCell<()> = OnceCell::const_new();

/// The database. It is dropped with this value, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    admin: Url,
    name: String,
    direct: Url,
    proxy: TcpProxy,
}

impl Database {
    /// Creates an empty database in the Postgres of `DATABASE_URL`.
    pub async fn create() -> anyhow::Result<Self> {
        Self::create_in(environment::database_url()?).await
    }

    /// Creates an empty database in that Postgres.
    pub async fn create_in(admin: Url) -> anyhow::Result<Self> {
        SWEPT.get_or_init(|| drop_left_behind(&admin)).await;
        // Random, so that no two runs share one, and with the time, for whoever sweeps.
        let name = format!("{PREFIX}{}", Uuid::now_v7().simple());
        // Two at once may meet at the template database.
        eventually("create a database", SOON, || create(&admin, &name)).await?;
        let mut direct = admin.clone();
        direct.set_path(&name);
        let upstream = direct
            .host_str()
            .filter(|host| !host.contains('%'))
            .context("DATABASE_URL must name a host: the outage tests go through a TCP proxy")?;
        let upstream = format!("{upstream}:{}", direct.port().unwrap_or(5432));
        let proxy = TcpProxy::start(ports::free()?, upstream).await?;
        Ok(Self { admin, name, direct, proxy })
    }

    /// The address for the processes under test, through [`Self::proxy`].
    pub fn url(&self) -> String {
        let mut url = self.direct.clone();
        let _ = url.set_host(Some("127.0.0.1"));
        let _ = url.set_port(Some(self.proxy.address().port()));
        url.into()
    }

    /// The way that the processes under test take; cut it, and Postgres is away for them.
    pub const fn proxy(&self) -> &TcpProxy {
        &self.proxy
    }

    /// Its name in the Postgres of `DATABASE_URL`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address for the test itself, not through the proxy.
    pub const fn direct_url(&self) -> &Url {
        &self.direct
    }

    /// A pool for the test itself, not through the proxy.
    pub async fn pool(&self) -> anyhow::Result<PgPool> {
        let pool = PgPoolOptions::new().max_connections(2).connect(self.direct.as_str());
        Ok(tokio::time::timeout(SOON, pool).await??)
    }
}

async fn create(admin: &Url, name: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(admin.as_str()).await?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    Ok(connection.close().await?)
}

/// Drops what killed runs have left, as far as it may. A run that goes on elsewhere loses nothing:
/// its databases are younger.
async fn drop_left_behind(admin: &Url) {
    let sweep = async {
        let mut connection = PgConnection::connect(admin.as_str()).await?;
        let names: Vec<String> =
            sqlx::query_scalar("SELECT datname FROM pg_database WHERE starts_with(datname, $1)")
                .bind(PREFIX)
                .fetch_all(&mut connection)
                .await?;
        let now = SystemTime::now();
        for name in names.iter().filter(|name| is_left_behind(name, now)) {
            // Another run may be dropping it, or somebody may look at it: not without asking.
            let _ = connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await;
        }
        anyhow::Ok(connection.close().await?)
    };
    // The tests need room, not tidiness: whoever cannot connect fails at what comes next.
    let _ = tokio::time::timeout(SOON, sweep).await;
}

fn is_left_behind(name: &str, now: SystemTime) -> bool {
    let made = name
        .strip_prefix(PREFIX)
        .and_then(|id| Uuid::try_parse(id).ok()?.get_timestamp())
        .map(|time| SystemTime::UNIX_EPOCH + Duration::from_secs(time.to_unix().0));
    made.is_some_and(|made| now.duration_since(made).is_ok_and(|age| age > LEFT_BEHIND))
}

async fn drop_database(admin: &Url, name: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(admin.as_str()).await?;
    connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await?;
    Ok(())
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A runtime cannot be waited for from inside a runtime; another thread's can.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let drop = || drop_database(&admin, &name);
            // Somebody may connect at the very moment.
            runtime.block_on(eventually("drop the database", SOON, drop))
        });
        let _: Result<anyhow::Result<()>, _> = dropping.join();
    }
}

#[cfg(test)]
mod tests {
    use uuid::{NoContext, Timestamp};

    use super::*;

    fn made(seconds: u64) -> String {
        format!("{PREFIX}{}", Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)).simple())
    }

    #[test]
    fn only_what_is_old_and_ours_is_left_behind() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let age = LEFT_BEHIND.as_secs();
        assert!(is_left_behind(&made(1_000_000 - age - 1), now));
        for name in [
            made(1_000_000 - age),
            made(1_000_000),
            made(1_000_001),
            format!("{PREFIX}{}", Uuid::nil().simple()),
            format!("{PREFIX}x; DROP DATABASE y"),
            "postgres".to_owned(),
        ] {
            assert!(!is_left_behind(&name, now), "{name}");
        }
    }

    #[tokio::test]
    async fn a_database_of_a_killed_run_is_dropped_and_one_of_a_running_test_is_not() -> anyhow::Result<()> {
        let admin = environment::database_url()?;
        let (old, young) = (made(1_000_000), Database::create().await?);
        create(&admin, &old).await?;
        drop_left_behind(&admin).await;
        let mut connection = PgConnection::connect(admin.as_str()).await?;
        let left: Vec<String> =
            sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname IN ($1, $2)")
                .bind(&old)
                .bind(&young.name)
                .fetch_all(&mut connection)
                .await?;
        assert_eq!(left, [young.name.as_str()]);
        Ok(())
    }
}

//! A database of the test's own in the Postgres of `DATABASE_URL`.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, postgres::PgPoolOptions};
use url::Url;
use uuid::Uuid;

use crate::{environment, eventually::eventually, ports, proxy::TcpProxy};

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
        let name = format!("prosaas_test_{}", Uuid::new_v4().simple());
        // Two at once may meet at the template database.
        eventually("create a database", Duration::from_secs(20), || create(&admin, &name)).await?;
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

    /// A pool for the test itself, not through the proxy.
    pub async fn pool(&self) -> anyhow::Result<PgPool> {
        let pool = PgPoolOptions::new().max_connections(2).connect(self.direct.as_str());
        Ok(tokio::time::timeout(Duration::from_secs(20), pool).await??)
    }
}

async fn create(admin: &Url, name: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(admin.as_str()).await?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    Ok(connection.close().await?)
}

async fn drop_database(admin: &Url, name: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(admin.as_str()).await?;
    connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await?;
    Ok(())
}

impl Drop for Database {
    fn drop(&mut self) {
        self.proxy.cut();
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A runtime cannot be waited for from inside a runtime; another thread's can.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let drop = || drop_database(&admin, &name);
            // Somebody may connect at the very moment.
            runtime.block_on(eventually("drop the database", Duration::from_secs(20), drop))
        });
        let _: Result<anyhow::Result<()>, _> = dropping.join();
    }
}

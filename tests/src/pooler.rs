//! PgBouncer in transaction mode before the tests' Postgres.
//!
//! Debian's may be older than 1.21 and then knows no prepared statements of the protocol,
//! which production needs (docs/SETTINGS.md). What a test sends through it must be simple
//! statements, or stand inside a transaction without a statement cache.

use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::{
    environment,
    eventually::eventually,
    ports,
    process::{Environment, Process},
};

/// A running pooler. It ends with the value.
pub struct Pooler {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Pooler {
    /// Starts one that has a single connection to each database.
    pub async fn start() -> anyhow::Result<Self> {
        let server = environment::database_url()?;
        let (host, user) = (server.host_str().context("no host")?, server.username());
        let (port, folder) = (ports::free()?.port(), tempfile::tempdir()?);
        let (config, log) = (folder.path().join("pgbouncer.ini"), folder.path().join("log"));
        let password = server.password().map(|password| format!(" password={password}")).unwrap_or_default();
        let text = format!(
            "[databases]\n* = host={host} port={} user={user}{password}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n\
             ignore_startup_parameters = extra_float_digits\n",
            server.port().unwrap_or(5432),
        );
        std::fs::write(&config, text)?;
        let mut arguments = vec![config.display().to_string()];
        if rustix::process::getuid().is_root() {
            use std::os::unix::fs::PermissionsExt as _;
            // It refuses to run as root.
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
            arguments.extend(["-u".to_owned(), "nobody".to_owned()]);
        }
        let process =
            Process::start("pgbouncer", &environment::pgbouncer()?, &arguments, &Environment::new(), &log)?;
        eventually("pgbouncer listens", Duration::from_secs(10), || async {
            Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await?)
        })
        .await
        .with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        Ok(Self { _process: process, _folder: folder, port })
    }

    /// The address of a database behind it, for sqlx.
    pub fn url(&self, database: &str) -> anyhow::Result<String> {
        let mut url = environment::database_url()?;
        url.set_host(Some("127.0.0.1"))?;
        let _ = url.set_port(Some(self.port));
        url.set_path(database);
        url.set_query(Some("statement-cache-capacity=0"));
        Ok(url.to_string())
    }
}

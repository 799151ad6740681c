//! What the tests are told from outside. `make test` sets all of it; `tests/README.md` says what
//! the seeds do.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use prosaas_platform::config::Env;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

fn variable(name: &str) -> anyhow::Result<Option<String>> {
    Ok(Env::from_process().optional(name)?)
}

fn existing(path: PathBuf, remedy: &str) -> anyhow::Result<PathBuf> {
    anyhow::ensure!(path.exists(), "{} is missing: {remedy}", path.display());
    Ok(path)
}

/// `NATS_SERVER_BIN`, else what `make` keeps in the data folder.
pub fn nats_server() -> anyhow::Result<PathBuf> {
    let path =
        variable("NATS_SERVER_BIN")?.map_or_else(|| root().join(".data/bin/nats-server"), PathBuf::from);
    existing(path, "run `make test`, or set NATS_SERVER_BIN")
}

/// `DATABASE_URL`: a Postgres whose user may create databases.
pub fn database_url() -> anyhow::Result<url::Url> {
    let text = variable("DATABASE_URL")?.context(
        "DATABASE_URL is not set: run `make test`, or name a Postgres whose user may create databases",
    )?;
    text.parse().context("DATABASE_URL is no address")
}

/// The folder of Postgres's programs: `PROSAAS_POSTGRES_BIN`, else where Debian has the newest.
pub fn postgres() -> anyhow::Result<PathBuf> {
    if let Some(folder) = variable("PROSAAS_POSTGRES_BIN")? {
        return existing(PathBuf::from(folder), "PROSAAS_POSTGRES_BIN names no folder");
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let major = |path: &Path| path.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path().join("bin")).max_by_key(|path| major(path));
    existing(newest.unwrap_or_default().join("initdb"), "run `make test`, or set PROSAAS_POSTGRES_BIN")
        .map(|program| program.parent().map(Path::to_owned).unwrap_or_default())
}

/// One of our binaries: in `PROSAAS_BIN_DIR`, else beside this test's own.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let folder = if let Some(folder) = variable("PROSAAS_BIN_DIR")? {
        PathBuf::from(folder)
    } else {
        let test = std::env::current_exe()?;
        test.ancestors().nth(2).context("this test has no target folder")?.to_owned()
    };
    existing(folder.join(name), "run `cargo build --workspace --bins`")
}

/// The Python that has Twilio's SDK, in `PROSAAS_VENV`.
pub fn python() -> anyhow::Result<PathBuf> {
    let folder = variable("PROSAAS_VENV")?.map_or_else(|| root().join(".data/venv"), PathBuf::from);
    existing(folder.join("bin/python"), "run `make test`, or set PROSAAS_VENV (see tests/sdk/sign.py)")
}

/// `PROSAAS_STRACE`, else the one in `PATH`.
pub fn strace() -> anyhow::Result<PathBuf> {
    match variable("PROSAAS_STRACE")? {
        Some(path) => existing(PathBuf::from(path), "PROSAAS_STRACE names no file"),
        None => in_path("strace").context("strace is missing: run `make test`, or install it"),
    }
}

/// `PROSAAS_BUSYBOX`, else the one in `PATH`, where there is one.
pub fn busybox() -> anyhow::Result<Option<PathBuf>> {
    match variable("PROSAAS_BUSYBOX")? {
        Some(path) => existing(PathBuf::from(path), "PROSAAS_BUSYBOX names no file").map(Some),
        None => Ok(in_path("busybox")),
    }
}

/// `PROSAAS_PGBOUNCER`, else the one in `PATH`, or where Debian has it.
pub fn pgbouncer() -> anyhow::Result<PathBuf> {
    if let Some(path) = variable("PROSAAS_PGBOUNCER")? {
        return existing(PathBuf::from(path), "PROSAAS_PGBOUNCER names no file");
    }
    let found = in_path("pgbouncer").unwrap_or_else(|| PathBuf::from("/usr/sbin/pgbouncer"));
    existing(found, "run `make test`, or install pgbouncer")
}

/// `PROSAAS_NGINX_BIN`, else the one in `PATH`, or where Debian has it.
pub fn nginx() -> anyhow::Result<PathBuf> {
    if let Some(path) = variable("PROSAAS_NGINX_BIN")? {
        return existing(PathBuf::from(path), "PROSAAS_NGINX_BIN names no file");
    }
    let found = in_path("nginx").unwrap_or_else(|| PathBuf::from("/usr/sbin/nginx"));
    existing(found, "run `make test`, or install nginx")
}

/// `PATH`, for programs that look for others.
pub fn path() -> anyhow::Result<String> {
    variable("PATH")?.context("PATH is not set")
}

/// A program of this name in `PATH`.
pub fn in_path(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").ok()??;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// What random choices start from where `PROSAAS_TEST_SEED` says nothing else.
const SEED: u64 = 20_260_101;

/// The seed of random choices: `PROSAAS_TEST_SEED`, else always the same one.
pub fn seed() -> anyhow::Result<u64> {
    Ok(Env::from_process().parsed("PROSAAS_TEST_SEED", SEED)?)
}

//! What the benchmark is told from outside.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use prosaas_platform::config::Env;
use secrecy::SecretString;

/// The environment's part. `make bench` sets all of it.
#[derive(Debug)]
pub struct Settings {
    /// The repository.
    pub root: PathBuf,
    /// `NATS_SERVER_BIN`, by default the one in the data folder.
    pub nats_server: PathBuf,
    /// `PROSAAS_BIN_DIR`: our own programs, by default where this one lies.
    pub programs: PathBuf,
    /// `PROSAAS_VENV`: the Python environment of `bench/peers/requirements.txt`,
    /// by default the one in the data folder. Without one the Flask peer is left out.
    pub python: Option<PathBuf>,
    /// `DATABASE_URL`: a Postgres whose user may create databases.
    pub database_url: SecretString,
}

impl Settings {
    /// Reads the environment.
    pub fn load() -> anyhow::Result<Self> {
        let env = Env::from_process();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the benchmark lies in the repository")?
            .to_owned();
        let own_folder = std::env::current_exe()?.parent().map(Path::to_owned).unwrap_or_default();
        let path = |name: &str, default: PathBuf| -> anyhow::Result<PathBuf> {
            Ok(env.optional(name)?.map_or(default, PathBuf::from))
        };
        let python = path("PROSAAS_VENV", root.join(".data/venv"))?;
        Ok(Self {
            nats_server: path("NATS_SERVER_BIN", root.join(".data/bin/nats-server"))?,
            programs: path("PROSAAS_BIN_DIR", own_folder)?,
            python: Some(python).filter(|folder| folder.join("bin/gunicorn").exists()),
            database_url: env.database_url()?,
            root,
        })
    }
}

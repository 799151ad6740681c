//! What is compared, and how each is started.

use std::{net::SocketAddr, path::Path};

use clap::ValueEnum;
use prosaas_platform::bus::Role;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    database::Database,
    nats::Nats,
    process::{self, Process, Start},
    settings::Settings,
    twilio::Sender,
};

/// One of the servers that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Contestant {
    /// `prosaas-ingress` as it is released: local log, then the pump into JetStream.
    Prosaas,
    /// The same handler with nothing kept: what the log costs is the difference.
    Floor,
    /// The same handler that awaits one PubAck for each request.
    Naive,
    /// Flask on gunicorn, Twilio's own validator, an insert into Postgres.
    Flask,
}

/// How gunicorn is set up.
#[derive(Debug, Clone, Copy)]
pub struct Gunicorn {
    /// Processes.
    pub workers: u32,
    /// Threads of each, and connections to Postgres.
    pub threads: u32,
}

/// What all of them are told.
pub struct Surroundings<'a> {
    /// The benchmark's settings.
    pub settings: &'a Settings,
    /// A folder on the disk that is measured.
    pub folder: &'a Path,
    /// The account, its token and the public address.
    pub sender: &'a Sender,
    /// NATS.
    pub nats: &'a Nats,
    /// Postgres.
    pub database: &'a Database,
    /// gunicorn.
    pub flask: Gunicorn,
}

/// A contestant that listens.
pub struct Running {
    /// Which one.
    pub contestant: Contestant,
    /// Its process.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Contestant {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 4] = [Self::Prosaas, Self::Floor, Self::Naive, Self::Flask];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prosaas => "prosaas",
            Self::Floor => "floor",
            Self::Naive => "naive",
            Self::Flask => "flask",
        }
    }

    /// What it is, in a line of the report.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Prosaas => "our webhook: local log, one fsync for many, then JetStream in batches",
            Self::Floor => "the same handler without the log: nothing is kept",
            Self::Naive => "the same handler, one PubAck awaited for each request",
            Self::Flask => "Flask, gunicorn, official validator, one Postgres insert for each request",
        }
    }

    /// Starts it and waits until it listens.
    pub async fn start(self, around: &Surroundings<'_>) -> anyhow::Result<Running> {
        let address = process::free_address()?;
        let folder = around.folder.join(self.as_str());
        std::fs::create_dir_all(&folder)?;
        let errors = folder.join("errors.log");
        let peers = around.settings.root.join("bench/peers/flask");
        let own = std::env::current_exe()?;
        let ingress = around.settings.programs.join("prosaas-ingress");
        let gunicorn = around.settings.python.as_ref().map(|python| python.join("bin/gunicorn"));
        let (program, arguments, environment) = match self {
            Self::Prosaas => (ingress, vec![], ingress_environment(around, address, &folder)?),
            Self::Floor | Self::Naive => {
                let arguments = vec!["serve".to_owned(), self.as_str().to_owned()];
                (own, arguments, ingress_environment(around, address, &folder)?)
            }
            Self::Flask => {
                let arguments = ["-c", "gunicorn.conf.py", "app:create_app()"].map(str::to_owned).to_vec();
                (gunicorn.unwrap_or_default(), arguments, flask_environment(around, address))
            }
        };
        let mut process = Process::start(Start {
            name: self.as_str(),
            program: &program,
            arguments,
            environment,
            folder: if self == Self::Flask { &peers } else { &folder },
            errors: &errors,
        })?;
        process.listening(address).await?;
        Ok(Running { contestant: self, process, address })
    }
}

/// glibc's heaps: as many as production's images allow, for Flask too.
fn arenas() -> (&'static str, String) {
    ("MALLOC_ARENA_MAX", "2".to_owned())
}

/// The ingress as in production: JSON logs at `info`, signatures checked, nginx in front.
pub fn ingress_environment(
    around: &Surroundings<'_>,
    address: SocketAddr,
    folder: &Path,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    Ok(vec![
        arenas(),
        ("APP_ENV", "production".to_owned()),
        ("RUST_LOG", "info".to_owned()),
        ("PUBLIC_URL", around.sender.public_url.clone()),
        ("INGRESS_LISTEN", address.to_string()),
        ("INGRESS_INTERNAL_LISTEN", process::free_address()?.to_string()),
        ("EVENT_LOG_PATH", folder.join("log").display().to_string()),
        ("DATABASE_URL", around.database.url.clone()),
        ("NATS_URL", around.nats.url(Role::Ingress)),
        ("RECORDINGS_URL", format!("file://{}", folder.join("recordings").display())),
        // Nobody listens there: no WhatsApp is linked here.
        ("BAILEYS_BASE_URL", "http://127.0.0.1:9".to_owned()),
        ("TWILIO_ACCOUNT_SID", around.sender.account_sid.clone()),
        ("TWILIO_AUTH_TOKEN", around.sender.auth_token.clone()),
        // Guards nothing here; production refuses to start without one.
        ("INTERNAL_SECRET", format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())),
    ])
}

fn flask_environment(around: &Surroundings<'_>, address: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        arenas(),
        ("PUBLIC_URL", around.sender.public_url.clone()),
        ("LISTEN", address.to_string()),
        ("WORKERS", around.flask.workers.to_string()),
        ("THREADS", around.flask.threads.to_string()),
        ("DATABASE_URL", around.database.url.clone()),
        ("TWILIO_ACCOUNT_SID", around.sender.account_sid.clone()),
        ("TWILIO_AUTH_TOKEN", around.sender.auth_token.clone()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
    ]
}

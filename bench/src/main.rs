//! `prosaas-bench`: our webhook beside a floor, a naive handler and Flask; and
//! how fast a change of call configuration arrives. See `bench/README.md`.

mod ack;
mod apply;
mod config_change;
mod contestant;
mod crm;
mod database;
mod dead_letters;
mod load;
mod machine;
mod nats;
mod process;
mod report;
mod serve;
mod settings;
mod spent;
mod twilio;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use prosaas_domain::{
    call_config::{CallConfig, CallSettings},
    phone::E164,
};
use uuid::Uuid;

use self::{
    ack::Plan,
    contestant::{Contestant, Gunicorn, Surroundings},
    database::Database,
    machine::Machine,
    nats::Nats,
    report::Report,
    settings::Settings,
    twilio::Sender,
};

/// Measures ProSaaS's webhook beside its peers. Without a command: everything.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Shorter windows and fewer rounds: to see that it works.
    #[arg(long, global = true)]
    quick: bool,
    /// Also writes everything as JSON to this file.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    /// Only these contestants.
    #[arg(long, global = true, value_delimiter = ',')]
    only: Vec<Contestant>,
    /// gunicorn's processes.
    #[arg(long, global = true, default_value_t = 3)]
    flask_workers: u32,
    /// Threads of each of them.
    #[arg(long, global = true, default_value_t = 4)]
    flask_threads: u32,
}

#[derive(Subcommand, Clone, Copy)]
enum Command {
    /// Acknowledging calls.
    Ack,
    /// How fast a change of call configuration reaches callers.
    ConfigChange,
    /// Reading a CRM of 200,000 leads and 1,000,000 calls, and hearing of its changes.
    Crm,
    /// How fast operators find what failed among 100,000 dead letters, and run it again.
    DeadLetters,
    /// How fast the workers apply a full stream, beside writing the same rows and nothing else.
    Apply,
    /// Serves one of the contestants that are our own handler: for the benchmark's own use.
    #[command(hide = true)]
    Serve {
        /// Which one.
        contestant: Contestant,
    },
}

/// How long a full run measures: with everything around it under six minutes.
const FULL: Plan = Plan { rounds: 5, closed_s: 4, open_s: 3 };
/// Under one and a half.
const QUICK: Plan = Plan { rounds: 2, closed_s: 2, open_s: 1 };
/// The CRM's size in a full run: filling it takes a minute or two.
const LARGE_CRM: crm::Plan = crm::Plan { leads: 200_000, calls: 1_000_000, requests: 200, changes: 200 };
/// A tenth of it.
const SMALL_CRM: crm::Plan = crm::Plan { leads: 20_000, calls: 100_000, requests: 30, changes: 30 };
/// Changes of call configuration.
const CHANGES: u32 = 20;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::select! {
        outcome = run(arguments) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    prosaas_platform::process::exit_code("prosaas-bench", outcome)
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(Command::Serve { contestant }) = arguments.command {
        return serve::serve(contestant).await;
    }
    prosaas_platform::process::install_tls_provider();
    let settings = Settings::load()?;
    let data = settings.root.join(".data");
    std::fs::create_dir_all(&data)?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&data)?;
    let report = measure(&settings, folder.path(), &arguments).await;
    if report.is_err() {
        // The processes' own last words explain more than ours.
        let kept = folder.keep();
        progress(&format!("logs are in {}", kept.display()));
    }
    let report = report?;
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?).context("the JSON file")?;
    }
    std::io::stdout().write_all(report.text().as_bytes())?;
    Ok(())
}

async fn measure(settings: &Settings, folder: &Path, arguments: &Arguments) -> anyhow::Result<Report> {
    let machine = Machine::look(folder)?;
    let nats = Nats::start(settings, folder).await?;
    let database = Database::create(settings).await?;
    let postgres = database.description.clone();
    let measured = measure_on(settings, folder, arguments, &nats, &database).await;
    database.remove().await?;
    nats.stop().await?;
    let Measured { ack, config_change, crm, dead_letters, apply } = measured?;
    Ok(Report { machine, postgres, ack, config_change, crm, dead_letters, apply })
}

/// What was asked for.
#[derive(Default)]
struct Measured {
    ack: Option<ack::Outcome>,
    config_change: Option<config_change::Outcome>,
    crm: Option<crm::Outcome>,
    dead_letters: Option<dead_letters::Outcome>,
    apply: Option<apply::Outcome>,
}

async fn measure_on(
    settings: &Settings,
    folder: &Path,
    arguments: &Arguments,
    nats: &Nats,
    database: &Database,
) -> anyhow::Result<Measured> {
    let sender = sender();
    nats.configure(&call_config(&sender)?).await?;
    database.prepare_flask(include_str!("../peers/flask/schema.sql")).await?;
    let flask = Gunicorn { workers: arguments.flask_workers, threads: arguments.flask_threads };
    let around = Surroundings { settings, folder, sender: &sender, nats, database, flask };
    let mut measured = Measured::default();
    if matches!(arguments.command, None | Some(Command::Ack)) {
        let plan = if arguments.quick { QUICK } else { FULL };
        let contestants = contestants(settings, &arguments.only);
        measured.ack = Some(ack::measure(&around, &contestants, plan, progress).await?);
    }
    let sender = config_change::sender(&sender);
    let around = Surroundings { sender: &sender, ..around };
    if matches!(arguments.command, None | Some(Command::ConfigChange)) {
        progress("changing call configuration");
        measured.config_change = Some(config_change::measure(&around, CHANGES).await?);
    }
    if matches!(arguments.command, None | Some(Command::Crm)) {
        progress("reading a large CRM");
        let plan = if arguments.quick { SMALL_CRM } else { LARGE_CRM };
        measured.crm = Some(crm::measure(&around, plan).await?);
    }
    if matches!(arguments.command, None | Some(Command::DeadLetters)) {
        let letters = if arguments.quick { dead_letters::LETTERS / 10 } else { dead_letters::LETTERS };
        progress(&format!("reading and replaying {letters} dead letters"));
        measured.dead_letters = Some(dead_letters::measure(&around, letters).await?);
    }
    if matches!(arguments.command, None | Some(Command::Apply)) {
        let calls = if arguments.quick { apply::CALLS / 10 } else { apply::CALLS };
        progress(&format!("applying {calls} calls"));
        measured.apply = Some(apply::measure(&around, calls).await?);
    }
    Ok(measured)
}

/// Those asked for, all by default; Flask only where its Python environment is.
fn contestants(settings: &Settings, only: &[Contestant]) -> Vec<Contestant> {
    let mut chosen: Vec<_> =
        Contestant::ALL.into_iter().filter(|c| only.is_empty() || only.contains(c)).collect();
    if settings.python.is_none() {
        progress("no Flask: there is no Python environment with bench/peers/requirements.txt");
        chosen.retain(|contestant| *contestant != Contestant::Flask);
    }
    chosen
}

/// An account, a token and a number that exist nowhere.
fn sender() -> Sender {
    Sender {
        account_sid: "AC00000000000000000000000000000001".to_owned(),
        auth_token: Uuid::new_v4().simple().to_string(),
        public_url: "https://bench.example".to_owned(),
        called: "+972000000001".to_owned(),
    }
}

fn call_config(sender: &Sender) -> anyhow::Result<CallConfig> {
    Ok(CallConfig {
        business_id: Uuid::new_v4().into(),
        business_name: "העסק שלנו".to_owned(),
        numbers: vec![E164::parse(&sender.called)?],
        time_zone: chrono_tz::Asia::Jerusalem,
        people: Vec::new(),
        revision: 1,
        settings: CallSettings::default(),
    })
}

/// A line for whoever waits, on standard error: the report alone is on standard output.
fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

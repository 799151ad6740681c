//! `prosaas-ops`: the operators' command line.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use async_nats::jetstream;
use clap::{Parser, Subcommand};
use prosaas_shared::{bus, config::Env, process, store};
use prosaas_workers::{config::OpsConfig, crm::projector::Projector, setup};

/// Set-up and operation of ProSaaS.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring tables, streams and call configurations up to date; safe to run again.
    ///
    /// Makes a first business that owns `TWILIO_PHONE_NUMBER` when there is none.
    Setup {
        /// How long to wait for Postgres and for NATS, seconds each.
        #[arg(long, default_value_t = 60)]
        wait: u64,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit_code("prosaas-ops", run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> Result<()> {
    process::install_tls_provider();
    let config = OpsConfig::from_env(&Env::from_process())?;
    match arguments.command {
        Command::Setup { wait } => set_up(&config, Duration::from_secs(wait)).await,
    }
}

async fn set_up(config: &OpsConfig, wait: Duration) -> Result<()> {
    let pool = store::connect(&config.database_url, 2).await?;
    setup::wait_for_postgres(&pool, wait).await?;
    setup::migrate(&pool).await?;
    say("tables: up to date");
    let client = bus::connect(&config.nats_url, bus::Role::Ops).await?;
    let context = jetstream::new(client.clone());
    let changes = setup::apply_streams(&client, wait).await?;
    for change in &changes {
        say(&format!("{} {}: {}", change.kind, change.name, change.action));
    }
    if changes.is_empty() {
        say("streams: up to date");
    }
    match &config.first_number {
        Some(number) => match setup::first_business(&pool, number).await? {
            Some(business) => say(&format!("first business: {business}, number {number}")),
            None => say("first business: there is one"),
        },
        None => say("first business: not made, TWILIO_PHONE_NUMBER is not set"),
    }
    let changed = Projector::new(pool, context).project_all().await.map_err(anyhow::Error::from_boxed)?;
    say(&format!("call configurations: {changed} changed"));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command line speaks on standard output")]
fn say(line: &str) {
    println!("{line}");
}

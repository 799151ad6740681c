//! `prosaas-ops`, the operators' command line: one file a subcommand.

pub mod audit;
pub mod dead;
pub mod dead_change;
pub mod dead_filter;
pub mod doctor;
pub mod events;
pub mod events_replay;
pub mod events_scan;
pub mod exit;
pub mod local_log;
pub mod note;
pub mod numbers;
mod ops;
pub mod output;
pub mod outward;
pub mod replays;
pub mod setup;
pub mod streams;
pub mod time;
pub mod users;
pub mod workers;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};
use prosaas_platform::{clock, config::Env};
use prosaas_workers::config::OpsConfig;

pub use self::ops::Ops;
use self::output::Out;
use crate::doctor::config::DoctorConfig;

/// Set-up and operation of ProSaaS.
///
/// Personal data is hidden unless --reveal asks for it, which is noted in the audit
/// records, as is every change.
#[derive(Debug, Parser)]
#[command(version, about, after_help = exit::HELP)]
pub struct Arguments {
    /// Write JSON instead of tables.
    #[arg(long, global = true)]
    json: bool,
    /// Your name, for the audit records.
    #[arg(long, global = true, default_value = "operator", value_name = "NAME")]
    by: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring tables, streams and call configurations up to date; safe to run again.
    ///
    /// Makes a first business that owns `TWILIO_PHONE_NUMBER` when there is none, and a
    /// first system admin from `ADMIN_EMAIL` and `ADMIN_PASSWORD` when there is none.
    Setup {
        /// How long to wait for Postgres and for NATS, seconds each.
        #[arg(long, default_value_t = 60)]
        wait: u64,
    },
    /// Look at this deployment and say what to mend; changes nothing.
    ///
    /// The public address (signed and tampered requests), Twilio's credentials and the
    /// numbers' webhooks, NATS, Postgres, the WhatsApp service, disks, clocks and secrets.
    /// No secret is printed.
    Doctor,
    /// Dead letters: what failed for good.
    #[command(subcommand)]
    Dead(dead::Dead),
    /// Replays and how far they have come.
    #[command(subcommand)]
    Replays(replays::Replays),
    /// Events in the streams.
    #[command(subcommand)]
    Events(events::Events),
    /// Workers: how far behind they are, and pausing them.
    #[command(subcommand)]
    Workers(workers::Workers),
    /// Messages that go out, what became of them, and the switch that stops them.
    #[command(subcommand)]
    Outward(outward::Outward),
    /// Streams and how much lies in them.
    Streams,
    /// Audit records: who did what.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// People who log in.
    #[command(subcommand)]
    Users(users::Users),
    /// Texts that hold no phone number where one is meant: what cannot be dialled or called back.
    ///
    /// They stay as they are until somebody writes them anew: the business its forwarding
    /// targets and leads, a system admin the numbers of a business. Texts are masked.
    Numbers {
        /// How many of each kind.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// The ingress's local log: what waits for NATS.
    #[command(subcommand)]
    Log(local_log::Log),
}

/// Runs what was asked for.
pub async fn run(arguments: Arguments, env: &Env) -> Result<()> {
    let out = Out::new(arguments.json);
    // What is missing in the settings is one of the doctor's findings.
    if matches!(arguments.command, Command::Doctor) {
        return doctor::run(&DoctorConfig::from_env(env)?, &clock::system(), out).await;
    }
    let ops = Ops { config: OpsConfig::from_env(env)?, out, by: arguments.by };
    match arguments.command {
        Command::Doctor => Ok(()),
        Command::Setup { wait } => setup::run(&ops.config, ops.out, Duration::from_secs(wait)).await,
        Command::Dead(command) => dead::run(&ops, command).await,
        Command::Replays(command) => replays::run(&ops, command).await,
        Command::Events(command) => events::run(&ops, command).await,
        Command::Workers(command) => workers::run(&ops, command).await,
        Command::Outward(command) => outward::run(&ops, command).await,
        Command::Streams => streams::run(&ops).await,
        Command::Audit(command) => audit::run(&ops, command).await,
        Command::Users(command) => users::run(&ops, command).await,
        Command::Numbers { limit } => numbers::run(&ops, limit).await,
        Command::Log(command) => local_log::run(&ops, command).await,
    }
}

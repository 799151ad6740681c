//! `prosaas-ops`: the operators' command line.

use std::{io::BufRead as _, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result};
use async_nats::jetstream;
use clap::{Args, Parser, Subcommand};
use prosaas_shared::{
    bus,
    config::Env,
    ids::BusinessId,
    people::{self, NewPerson},
    process,
    rights::Role,
    store,
};
use prosaas_workers::{config::OpsConfig, crm::projector::Projector, setup};
use secrecy::SecretString;
use sqlx::PgPool;
use uuid::Uuid;

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
    /// Makes a first business that owns `TWILIO_PHONE_NUMBER` when there is none, and a
    /// first system admin from `ADMIN_EMAIL` and `ADMIN_PASSWORD` when there is none.
    Setup {
        /// How long to wait for Postgres and for NATS, seconds each.
        #[arg(long, default_value_t = 60)]
        wait: u64,
    },
    /// People who log in.
    #[command(subcommand)]
    Users(Users),
}

#[derive(Debug, Subcommand)]
enum Users {
    /// Make a person. Without --password-stdin a password is made up and printed.
    Create(NewUser),
}

#[derive(Debug, Args)]
struct NewUser {
    /// The address that they log in with.
    #[arg(long)]
    email: String,
    /// What they are called.
    #[arg(long)]
    name: String,
    /// agent, manager, owner or `system_admin`.
    #[arg(long)]
    role: Role,
    /// The id of the business that they work in; none for a system admin.
    #[arg(long)]
    business: Option<BusinessId>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
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
        Command::Users(Users::Create(user)) => create_user(&config, &user).await,
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
    first_admin(&pool, config).await?;
    let changed = Projector::new(pool, context).project_all().await.map_err(anyhow::Error::from_boxed)?;
    say(&format!("call configurations: {changed} changed"));
    Ok(())
}

async fn first_admin(pool: &PgPool, config: &OpsConfig) -> Result<()> {
    let Some((email, password)) = &config.admin else {
        say("first system admin: not made, ADMIN_EMAIL is not set");
        return Ok(());
    };
    match people::ensure_admin(pool, email, password).await.context("the first system admin (ADMIN_EMAIL)")? {
        Some(id) => say(&format!("first system admin: {id}")),
        None => say("first system admin: there is one"),
    }
    Ok(())
}

async fn create_user(config: &OpsConfig, user: &NewUser) -> Result<()> {
    let pool = store::connect(&config.database_url, 1).await?;
    let (password, made_up) = if user.password_stdin {
        let line = std::io::stdin().lock().lines().next().context("standard input is empty")??;
        (SecretString::from(line), None)
    } else {
        let text = Uuid::new_v4().simple().to_string();
        (SecretString::from(text.clone()), Some(text))
    };
    let person = NewPerson {
        business: user.business,
        email: user.email.trim(),
        name: user.name.trim(),
        role: user.role,
        password: &password,
    };
    let id = people::create(&pool, &person).await.context("the person was not made")?;
    say(&format!("user: {id}"));
    if let Some(text) = made_up {
        say(&format!("password: {text}"));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command line speaks on standard output")]
fn say(line: &str) {
    println!("{line}");
}

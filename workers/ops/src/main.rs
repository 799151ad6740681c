//! `prosaas-ops`: the operators' command line.

use std::process::ExitCode;

use clap::Parser as _;
use prosaas_ops::{Arguments, exit};
use prosaas_platform::{config::Env, process};

#[tokio::main]
async fn main() -> ExitCode {
    exit::code(run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    process::install_tls_provider();
    prosaas_ops::run(arguments, &Env::from_process()).await
}

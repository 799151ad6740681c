//! `prosaas-workers`: applies every event.

use std::process::ExitCode;

use prosaas_shared::{
    config::Env,
    process::{self, termination},
    telemetry,
};
use prosaas_workers::{config::Config, serve::serve};

#[tokio::main]
async fn main() -> ExitCode {
    process::exit_code("prosaas-workers", run().await)
}

async fn run() -> anyhow::Result<()> {
    process::install_tls_provider();
    let config = Config::from_env(&Env::from_process())?;
    let telemetry = telemetry::init("prosaas-workers", &config.telemetry)?;
    let served = serve(config, &telemetry, termination()).await;
    telemetry.shutdown().await;
    served
}

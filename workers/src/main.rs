//! `prosaas-workers`: applies every event.

use std::{panic::PanicHookInfo, process::ExitCode};

use prosaas_platform::{
    config::Env,
    process::{self, termination},
    telemetry,
};
use prosaas_workers::{config::Config, serve::serve};

#[tokio::main]
async fn main() -> ExitCode {
    process::exit_code("prosaas-workers", run().await)
}

/// A panic's place without its words, which may hold personal data. The words go
/// into the dead letter.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    tracing::error!(event = "process.panic", location, "a panic");
}

async fn run() -> anyhow::Result<()> {
    process::install_tls_provider();
    let config = Config::from_env(&Env::from_process())?;
    let telemetry = telemetry::init("prosaas-workers", &config.telemetry)?;
    std::panic::set_hook(Box::new(report_panic));
    let served = serve(config, &telemetry, termination()).await;
    telemetry.shutdown().await;
    served
}

//! `prosaas-ingress`: answers Twilio and the web app.

use std::process::ExitCode;

use prosaas_ingress::{config::Config, serve::serve};
use prosaas_shared::{
    config::Env,
    process::{self, termination},
    telemetry,
};

#[tokio::main]
async fn main() -> ExitCode {
    process::exit_code("prosaas-ingress", run().await)
}

async fn run() -> anyhow::Result<()> {
    process::install_tls_provider();
    let config = Config::from_env(&Env::from_process())?;
    let telemetry = telemetry::init("prosaas-ingress", &config.telemetry)?;
    let served = serve(config, &telemetry, termination()).await;
    telemetry.shutdown().await;
    served
}

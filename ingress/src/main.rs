//! `prosaas-ingress`: answers Twilio and the web app.

use std::{num::NonZero, process::ExitCode, thread};

use prosaas_ingress::{config::Config, serve::serve};
use prosaas_platform::{
    config::Env,
    process::{self, termination},
    telemetry,
};
use tokio::runtime::{Builder, Runtime};

fn main() -> ExitCode {
    process::exit_code("prosaas-ingress", runtime().and_then(|runtime| runtime.block_on(run())))
}

/// A thread for each two processors. The log's thread, nats-server, Postgres and nginx
/// share the machine; as many threads as processors answered no more calls and took a
/// sixth more processor time for each, for waking one another.
fn runtime() -> anyhow::Result<Runtime> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    Ok(Builder::new_multi_thread().worker_threads((processors / 2).max(1)).enable_all().build()?)
}

async fn run() -> anyhow::Result<()> {
    process::install_tls_provider();
    let config = Config::from_env(&Env::from_process())?;
    let telemetry = telemetry::init("prosaas-ingress", &config.telemetry)?;
    let served = serve(config, &telemetry, termination()).await;
    telemetry.shutdown().await;
    served
}

//! Logs, traces and metrics of a process.
//!
//! Logs go to standard output, JSON or pretty; `docs/LOGGING.md` lists the fields.
//! Traces leave by OTLP over HTTP when an endpoint is configured. Metrics are
//! rendered for Prometheus on the internal listener.

mod trace_context;

use std::{io::IsTerminal as _, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    runtime::Tokio,
    trace::{SdkTracerProvider, span_processor_with_async_runtime::BatchSpanProcessor},
};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt as _, util::SubscriberInitExt as _};

pub use trace_context::{TraceParent, set_parent};

use crate::config::TelemetryConfig;

/// Upper bounds of every `_seconds` histogram: from the local log's commit to a
/// recording's download.
const SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0,
    60.0,
];

/// How long the last spans may take to leave at a stop.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter cannot be built.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The recorder cannot be built or installed.
    #[error("metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// Another subscriber is there already.
    #[error("logs: {0}")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
}

/// What must be kept while the process lives.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
    metrics: PrometheusHandle,
}

/// Sets up logs, traces and metrics. Call it once, inside the runtime and after
/// the TLS provider was installed.
pub fn init(service: &'static str, config: &TelemetryConfig) -> Result<Telemetry, TelemetryError> {
    let provider = config.otlp_endpoint.as_deref().map(|url| tracer(service, url)).transpose()?;
    let traces = provider.as_ref().map(|p| tracing_opentelemetry::layer().with_tracer(p.tracer(service)));
    let format = tracing_subscriber::fmt::layer();
    let logs = if config.json {
        format.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        format.compact().with_target(false).with_ansi(std::io::stdout().is_terminal()).boxed()
    };
    tracing_subscriber::registry()
        .with(traces)
        .with(logs)
        .with(EnvFilter::builder().parse(&config.filter)?)
        .try_init()?;
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .install_recorder()?;
    Ok(Telemetry { provider, metrics })
}

fn tracer(service: &'static str, endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let traces = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder().with_http().with_endpoint(traces).build()?;
    Ok(SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter, Tokio).build())
        .with_resource(Resource::builder().with_service_name(service).build())
        .build())
}

impl Telemetry {
    /// The metrics, in Prometheus's text format.
    pub fn render_metrics(&self) -> String {
        self.metrics.render()
    }

    /// A handle that renders the metrics elsewhere.
    pub fn metrics(&self) -> PrometheusHandle {
        self.metrics.clone()
    }

    /// Keeps histograms small between two scrapes; runs until it is dropped. Each sample takes 24 bytes until then, which
    /// at 15,000 requests a second is what a second may cost.
    pub async fn upkeep(handle: PrometheusHandle) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        loop {
            tick.tick().await;
            handle.run_upkeep();
        }
    }

    /// Sends the last spans, for at most two seconds.
    pub async fn shutdown(self) {
        if let Some(provider) = self.provider {
            let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_TIMEOUT));
            if let Ok(Err(error)) = flushed.await {
                tracing::warn!(event = "telemetry.flush_failed", %error, "the last spans were not sent");
            }
        }
    }
}

//! What every binary does at its start and its end.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Installs ring as the TLS provider of the process. It comes first: a second
/// provider that a library brings along would make rustls panic.
pub fn install_tls_provider() {
    // An error says that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Resolves at SIGTERM or Ctrl-C; never, where signals cannot be listened for.
pub async fn termination() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Success, or failure with one line on standard error that names the binary and
/// the whole chain of causes. Standard error, because logs may not be set up yet.
pub fn exit_code(binary: &str, outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the last words of a process that cannot go on")]
            {
                eprintln!("{binary}: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

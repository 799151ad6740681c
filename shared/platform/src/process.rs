//! What every binary does at its start and its end.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Installs ring as the TLS provider of the process. It comes first: a second
/// provider that a library brings along would make rustls panic.
pub fn install_tls_provider() {
    // An error says that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Resolves at SIGTERM or Ctrl-C; never, where signals cannot be listened for. It listens from this
/// call on, not from the first poll: a signal that comes while the process starts ends it in order.
///
/// # Panics
/// Outside a Tokio runtime.
pub fn termination() -> impl Future<Output = ()> + Send + 'static {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async {
        let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    /// It would end this very process, if nobody listened for it yet.
    #[tokio::test]
    async fn a_signal_that_comes_before_anybody_waits_for_it_is_heard() -> anyhow::Result<()> {
        let told = termination();
        kill_process(getpid(), Signal::TERM)?;
        Ok(tokio::time::timeout(Duration::from_mins(2), told).await?)
    }
}

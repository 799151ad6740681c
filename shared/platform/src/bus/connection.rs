//! The connection to NATS.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use secrecy::{ExposeSecret, SecretString};

/// Who connects. Each has a user, rights and an inbox prefix of its own in
/// `nats/nats-server.conf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The ingress: publishes events, reads call configuration.
    Ingress,
    /// The workers: consume, publish dead letters and call configuration.
    Workers,
    /// Operators and set-up.
    Ops,
}

impl Role {
    /// The client's name, as the server shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Workers => "workers",
            Self::Ops => "ops",
        }
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The address cannot be read.
    #[error("NATS_URL is not an address of NATS such as nats://user:password@host:4222")]
    Address,
    /// The client could not be set up.
    #[error("cannot set up the NATS client: {0}")]
    Connect(#[from] async_nats::ConnectError),
}

/// Makes a client that connects in the background and reconnects for ever, so
/// that a process starts, and lives, while NATS is away.
pub async fn connect(url: &SecretString, role: Role) -> Result<Client, BusError> {
    let address: ServerAddr = url.expose_secret().parse().map_err(|_| BusError::Address)?;
    let mut options = ConnectOptions::new()
        .name(format!("prosaas-{}", role.as_str()))
        .custom_inbox_prefix(format!("_INBOX_{}", role.as_str()))
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(|attempt| {
            Duration::from_millis(100).saturating_mul(1 << attempt.min(4)).min(Duration::from_secs(1))
        })
        .connection_timeout(Duration::from_secs(5))
        .ping_interval(Duration::from_secs(10))
        .event_callback(|event| async move { log_event(&event) });
    if let (Some(user), Some(password)) = (address.username(), address.password()) {
        options = options.user_and_password(user.to_owned(), password.to_owned());
    }
    Ok(options.connect(address).await?)
}

fn log_event(event: &Event) {
    match event {
        Event::Connected => tracing::info!(event = "nats.connected", "connected to NATS"),
        Event::Disconnected => tracing::warn!(event = "nats.disconnected", "NATS is out of reach"),
        // Any other is logged with its cause by the client itself.
        _ => metrics::counter!("prosaas_nats_events_total").increment(1),
    }
}

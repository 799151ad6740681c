//! NATS: whether it lets us in, keeps what it acknowledges, and has our streams.

use std::time::Duration;

use async_nats::{Client, ServerAddr, connection::State, jetstream};
use prosaas_platform::bus::{
    self,
    durability::assert_durable,
    reconcile::{self, ApplyError},
    store::{Store, assert_writable},
};
use prosaas_workers::setup::disk_shortfall;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{net::TcpStream, time::timeout};

use super::finding::{Area, Finding};
use crate::doctor::config::DoctorConfig;

const AREA: Area = Area("NATS");
const LOGIN: &str = "login";
const STREAMS: &str = "streams and consumers";
const DURABLE: &str = "keeps what it acknowledges";
const WRITABLE: &str = "can write";
const ROOM: &str = "room for the streams";

/// How long it has for a connection, and again for each answer.
const WAIT: Duration = Duration::from_secs(8);

/// Looks at it.
pub async fn check(config: &DoctorConfig) -> Vec<Finding> {
    let url = match &config.nats_url {
        Ok(url) => url,
        Err(error) => return vec![AREA.skipped(LOGIN, error)],
    };
    let client = match bus::connect(url, bus::Role::Ops).await {
        Ok(client) => client,
        Err(error) => return vec![AREA.broken(LOGIN, error.to_string(), "write NATS_URL as it should be")],
    };
    let connected = async {
        while client.connection_state() != State::Connected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(WAIT, connected).await.is_err() {
        return vec![not_connected(url).await];
    }
    let js = jetstream::new(client.clone());
    let mut findings = vec![AREA.ok(LOGIN, "as the user `ops`")];
    findings.push(match timeout(WAIT, reconcile::verify(&js)).await {
        Ok(Ok(outcome)) => match outcome.newer {
            None => AREA.ok(STREAMS, "as this release defines them"),
            Some(newer) => AREA.ok(
                STREAMS,
                format!("a newer release's (version {}), on which this one works", newer.version),
            ),
        },
        Ok(Err(error)) => streams(&error),
        Err(_) => AREA.broken(STREAMS, "no answer in time", SILENT),
    });
    findings.push(match timeout(WAIT, assert_durable(&client, &js)).await {
        Ok(Ok(())) => AREA.ok(DURABLE, "synced before it is acknowledged"),
        Ok(Err(error)) => AREA.broken(
            DURABLE,
            error.to_string(),
            "run NATS with nats/nats-server.conf: `docker compose up -d --build nats`",
        ),
        Err(_) => AREA.broken(DURABLE, "no answer in time", SILENT),
    });
    findings.push(match timeout(WAIT, assert_writable(&client)).await {
        Ok(Ok(())) => AREA.ok(WRITABLE, "no stream keeps a write error"),
        Ok(Err(error)) => AREA.broken(
            WRITABLE,
            error.to_string(),
            "free its disk, then restart it: `docker compose restart nats`; the ingress keeps events meanwhile",
        ),
        Err(_) => AREA.broken(WRITABLE, "no answer in time", SILENT),
    });
    findings.push(room(&client, config).await);
    findings
}

/// Whether the streams are full before the server's limit and the disk are.
async fn room(client: &Client, config: &DoctorConfig) -> Finding {
    const FIX: &str =
        "free that much, or lower NATS_STORE_MAX_BYTES and run `docker compose up -d nats setup`";
    let wanted = match &config.nats_store_max_bytes {
        Ok(bytes) => *bytes,
        Err(error) => return AREA.skipped(ROOM, error),
    };
    let store = match Store::of(client).await {
        Ok(store) => store,
        Err(error) => return AREA.broken(ROOM, error.to_string(), SILENT),
    };
    if store.max < wanted {
        let found = format!("nats-server runs with NATS_STORE_MAX_BYTES={}, here it is {wanted}", store.max);
        return AREA.broken(ROOM, found, "start it with the same: `docker compose up -d nats`");
    }
    let folder = match &config.nats_store_dir {
        Ok(Some(folder)) => folder,
        Ok(None) => return AREA.skipped(ROOM, "NATS_STORE_DIR is not set"),
        Err(error) => return AREA.skipped(ROOM, error),
    };
    match disk_shortfall(store, folder, wanted) {
        Ok(0) => AREA.ok(
            ROOM,
            format!("{} MiB of {} MiB are used, and the disk has the rest", store.used >> 20, wanted >> 20),
        ),
        Ok(missing) => AREA.broken(ROOM, format!("the disk lacks {} MiB", (missing >> 20) + 1), FIX),
        Err(error) => AREA.skipped(ROOM, format!("{}: {error}", folder.display())),
    }
}

const SILENT: &str = "see why NATS is slow or its disk is full: `docker logs prosaas-nats`";

fn streams(error: &ApplyError) -> Finding {
    let fix = match error {
        ApplyError::TooOld { .. } => {
            "start the newer release again: `git pull && docker compose up -d --build`"
        }
        ApplyError::Server { .. } => SILENT,
        _ => "run `docker compose run --rm setup`, which brings them up to date",
    };
    AREA.broken(STREAMS, error.to_string(), fix)
}

/// Whether nobody is there, or somebody who does not let us in.
async fn not_connected(url: &SecretString) -> Finding {
    let address: Option<ServerAddr> = url.expose_secret().parse().ok();
    let there = match &address {
        Some(address) => {
            let asked = TcpStream::connect((address.host(), address.port()));
            timeout(WAIT, asked).await.is_ok_and(|answer| answer.is_ok())
        }
        None => false,
    };
    if there {
        return AREA.broken(
            LOGIN,
            "it answers, and does not let the user `ops` in",
            "start NATS with the NATS_OPS_PASSWORD that stands here: `docker compose up -d nats`",
        );
    }
    AREA.broken(
        LOGIN,
        "nobody answers at NATS_URL",
        "start NATS (`docker compose up -d nats`) and see `docker logs prosaas-nats`",
    )
}

//! A real nats-server for each test, on its own port and store.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use async_nats::{
    Client,
    jetstream::{self, stream},
};
use futures_util::TryStreamExt;
use prosaas_domain::ids::CallSid;
use prosaas_event_log::{
    EventLog, EventLogConfig, NewEvent,
    pump::{Pump, PumpOptions, spawn_with},
};
use prosaas_events::subjects::{Stream, Subject};
use prosaas_platform::clock;
use prosaas_tests::{
    eventually::{SOON, becomes},
    ports,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A nats-server that ends with the value.
pub struct Nats {
    pub port: u16,
    bin: PathBuf,
    dir: TempDir,
    child: Option<Child>,
}

impl Nats {
    /// Starts one and waits until it answers.
    pub async fn start() -> Result<Self> {
        let port = ports::free()?.port();
        let mut nats = Self { port, bin: server_binary()?, dir: tempfile::tempdir()?, child: None };
        nats.up().await?;
        Ok(nats)
    }

    /// Starts it again, on the same port and store.
    pub async fn up(&mut self) -> Result<()> {
        let conf = self.dir.path().join("nats.conf");
        let store = self.dir.path().join("store");
        std::fs::write(
            &conf,
            format!(
                "listen: \"127.0.0.1:{}\"\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n",
                self.port,
                store.display()
            ),
        )?;
        let child = Command::new(&self.bin)
            .arg("-c")
            .arg(conf)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", self.bin.display()))?;
        self.child = Some(child);
        eventually("nats-server answers", || async {
            Ok(tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok())
        })
        .await
    }

    /// Kills it, as a power cut would.
    pub fn down(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// SIGSTOP or SIGCONT: a frozen server keeps its connections and answers nothing.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let pid = self.child.as_ref().context("it is down")?.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status()?;
        ensure!(status.success(), "kill {signal} failed");
        Ok(())
    }

    pub async fn client(&self) -> Result<Client> {
        connect(self.port).await
    }

    /// Makes a stream as the definitions do, changed by `change`.
    pub async fn stream(&self, stream: Stream, change: impl FnOnce(&mut stream::Config)) -> Result<()> {
        let domain = match stream {
            Stream::Calls => "call.>",
            Stream::Recordings => "recording.>",
            Stream::Whatsapp => "whatsapp.>",
            Stream::Crm => "crm.>",
            Stream::Dead => "dead.>",
            Stream::Ops => "ops.>",
            Stream::Events => "event.>",
        };
        let mut config = stream::Config {
            name: stream.name().to_owned(),
            subjects: vec![domain.to_owned()],
            allow_atomic_publish: true,
            duplicate_window: Duration::from_mins(2),
            ..stream::Config::default()
        };
        change(&mut config);
        jetstream::new(self.client().await?).create_stream(config).await?;
        Ok(())
    }

    /// Every message of a stream, in order.
    pub async fn messages(&self, stream: Stream) -> Result<Vec<Stored>> {
        let js = jetstream::new(self.client().await?);
        let mut stream = js.get_stream(stream.name()).await?;
        let count = usize::try_from(stream.info().await?.state.messages)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let consumer = stream.create_consumer(jetstream::consumer::pull::OrderedConfig::default()).await?;
        let mut messages = consumer.messages().await?;
        let mut all = Vec::with_capacity(count);
        while all.len() < count {
            let message = messages.try_next().await?.context("the stream ended early")?;
            let headers = message.headers.clone().unwrap_or_default();
            let header = |name: &str| headers.get(name).map(ToString::to_string);
            all.push(Stored {
                id: header("Nats-Msg-Id").unwrap_or_default(),
                traceparent: header("traceparent"),
                content_type: header("content-type"),
                batch: header("Nats-Batch-Id"),
                subject: message.subject.to_string(),
                payload: message.payload.to_vec(),
            });
        }
        Ok(all)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.down();
    }
}

/// A message as a consumer sees it.
#[derive(Debug)]
pub struct Stored {
    pub id: String,
    pub traceparent: Option<String>,
    pub content_type: Option<String>,
    pub batch: Option<String>,
    pub subject: String,
    pub payload: Vec<u8>,
}

pub async fn connect(port: u16) -> Result<Client> {
    let options = async_nats::ConnectOptions::new()
        .retry_on_initial_connect()
        .reconnect_delay_callback(|_| Duration::from_millis(50));
    Ok(options.connect(format!("nats://127.0.0.1:{port}")).await?)
}

#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn server_binary() -> Result<PathBuf> {
    let given = std::env::var_os("NATS_SERVER_BIN").map(PathBuf::from);
    let bin =
        given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.data/bin/nats-server"));
    ensure!(
        bin.exists(),
        "no nats-server at {}: `make setup` fetches it, or set NATS_SERVER_BIN",
        bin.display()
    );
    Ok(bin)
}

/// A log in `dir` that looks around often.
pub async fn open_log(dir: &Path) -> Result<EventLog> {
    let config = EventLogConfig {
        min_free_bytes: 1024 * 1024,
        ballast_bytes: 64 * 1024,
        tick: Duration::from_millis(50),
        orphan_interval: Duration::from_millis(200),
        ..EventLogConfig::new(dir)
    };
    Ok(EventLog::open(config, clock::system()).await?)
}

/// A pump with short times.
pub fn start_pump(log: &EventLog, client: Client, shutdown: &CancellationToken) -> Pump {
    let options = PumpOptions {
        ack_wait: Duration::from_millis(700),
        tick: Duration::from_millis(50),
        ..PumpOptions::default()
    };
    spawn_with(log.clone(), client, shutdown.clone(), options)
}

/// The call event number `n`.
pub fn event(n: usize) -> Result<NewEvent> {
    let call: CallSid = format!("CA{n}").parse()?;
    Ok(NewEvent {
        id: format!("event-{n}").parse()?,
        subject: Subject::call_incoming(&call),
        payload: format!("{{\"n\":{n}}}").into(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    })
}

/// Appends call events one after the other within a batch of callers.
pub async fn append(log: &EventLog, numbers: std::ops::Range<usize>) -> Result<()> {
    for n in numbers {
        log.append(event(n)?).await?;
    }
    Ok(())
}

/// Waits until the log has nothing left to publish.
pub async fn drained(log: &EventLog) -> Result<()> {
    eventually("the log is empty", || async { Ok(log.stats().depth == 0) }).await
}

/// Asks again until it holds.
pub async fn eventually<F, Fut>(what: &str, holds: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<bool>>,
{
    becomes(what, SOON, true, holds).await
}

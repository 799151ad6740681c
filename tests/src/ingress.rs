//! `prosaas-ingress` as a process.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal};

use crate::{
    environment,
    eventually::SOON,
    http1::{self, Reply},
    ports,
    process::{Environment, Process},
    scratch::Scratch,
    twilio::Twilio,
};

/// An ingress with addresses and a log of its own, which a restart finds again.
#[derive(Debug)]
pub struct Ingress {
    address: SocketAddr,
    internal: SocketAddr,
    /// Its environment, for the next start.
    pub environment: Environment,
    /// A program, with arguments, behind which every start takes place.
    pub behind: Option<(PathBuf, Vec<String>)>,
    log: PathBuf,
    process: Option<Process>,
}

impl Ingress {
    /// Prepares one that is not started yet; addresses are added to the environment.
    pub fn prepare(scratch: &Scratch, mut environment: Environment) -> anyhow::Result<Self> {
        let (address, internal) = (ports::free()?, ports::free()?);
        let events = scratch.folder("ingress")?;
        environment.insert("INGRESS_LISTEN".to_owned(), address.to_string());
        environment.insert("INGRESS_INTERNAL_LISTEN".to_owned(), internal.to_string());
        environment.insert("EVENT_LOG_PATH".to_owned(), events.display().to_string());
        let recordings = format!("file://{}", scratch.folder("recordings")?.display());
        environment.entry("RECORDINGS_URL".to_owned()).or_insert(recordings);
        Ok(Self { address, internal, environment, behind: None, log: scratch.log("ingress"), process: None })
    }

    /// The public listener.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The internal listener.
    pub const fn internal(&self) -> SocketAddr {
        self.internal
    }

    /// Twilio, sending to this ingress.
    pub const fn twilio(&self) -> Twilio {
        Twilio { ingress: self.address }
    }

    /// Starts it and waits until it answers.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let program = environment::binary("prosaas-ingress")?;
        let Some((outer, mut arguments)) = self.behind.clone() else {
            return self.start_under(&program, &[]).await;
        };
        arguments.push(program.display().to_string());
        self.start_under(&outer, &arguments).await
    }

    /// Starts it behind another program, which gets these arguments.
    pub async fn start_under(&mut self, program: &Path, arguments: &[String]) -> anyhow::Result<()> {
        self.launch(program, arguments)?;
        let address = self.address;
        let process = self.process()?;
        let deadline = std::time::Instant::now() + SOON;
        loop {
            process.ensure_running()?;
            if http1::get(address, "/health").await.is_ok_and(|reply| reply.status == 200) {
                return Ok(());
            }
            anyhow::ensure!(
                std::time::Instant::now() < deadline,
                "the ingress did not start within {SOON:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn launch(&mut self, program: &Path, arguments: &[String]) -> anyhow::Result<()> {
        let process = Process::start("ingress", program, arguments, &self.environment, &self.log)?;
        self.process = Some(process);
        Ok(())
    }

    /// Starts one that will end by itself; gives back how, and all that it wrote.
    pub async fn ends(&mut self, limit: Duration) -> anyhow::Result<(ExitStatus, String)> {
        self.launch(&environment::binary("prosaas-ingress")?, &[])?;
        let ended = self.process()?.wait(limit).await;
        self.process = None;
        Ok((ended?, String::from_utf8_lossy(&std::fs::read(&self.log)?).into_owned()))
    }

    fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("the ingress is not running")
    }

    /// Its process id.
    pub fn pid(&mut self) -> anyhow::Result<Pid> {
        self.process()?.pid()
    }

    /// `kill -9`.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let killed = self.process()?.kill().await;
        self.process = None;
        killed
    }

    /// SIGSTOP: callers wait.
    pub fn freeze(&mut self) -> anyhow::Result<()> {
        self.process()?.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub fn thaw(&mut self) -> anyhow::Result<()> {
        self.process()?.signal(Signal::CONT)
    }

    /// SIGTERM, without waiting.
    pub fn ask_to_stop(&mut self) -> anyhow::Result<()> {
        self.process()?.signal(Signal::TERM)
    }

    /// Waits for its end after [`Self::ask_to_stop`].
    pub async fn stopped(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = self.process()?.wait(SOON).await;
        self.process = None;
        ended
    }

    /// What `/ready` says.
    pub async fn ready(&self) -> anyhow::Result<Reply> {
        http1::get(self.address, "/ready").await
    }

    /// The sum of a metric's values over all its labels; 0 where it is not there.
    pub async fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let text = http1::get(self.internal, "/metrics").await?.text();
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let begins = rest.starts_with([' ', '{']);
            begins.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        });
        Ok(values.sum())
    }
}

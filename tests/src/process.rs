//! A child process: its environment is what the test says, its output goes to a
//! file, and it is killed, by its id, when it is dropped.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::eventually::SOON;

/// Environment variables of a child.
pub type Environment = BTreeMap<String, String>;

/// A running child.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Process {
    /// Starts a program with exactly this environment.
    pub fn start<A: AsRef<OsStr>>(
        name: &str,
        program: &Path,
        arguments: &[A],
        environment: &Environment,
        log: &Path,
    ) -> anyhow::Result<Self> {
        Self::spawn(name, Command::new(program).args(arguments), environment, log)
    }

    /// Starts what is prepared, with exactly this environment.
    pub fn spawn(
        name: &str,
        command: &mut Command,
        environment: &Environment,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let output = OpenOptions::new().create(true).append(true).open(log)?;
        let program = command.as_std().get_program().to_owned();
        let child = command
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", Path::new(&program).display()))?;
        Ok(Self { name: name.to_owned(), log: log.to_owned(), child })
    }

    /// Its id; an error once it has ended.
    pub fn pid(&self) -> anyhow::Result<Pid> {
        let id = self.child.id().with_context(|| format!("{} has ended", self.name))?;
        Pid::from_raw(i32::try_from(id)?).context("0 is no process")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill_process(self.pid()?, signal)?)
    }

    /// Fails when it has ended, with the end of its log.
    pub fn ensure_running(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => anyhow::bail!("{} ended ({status}): {}", self.name, last_lines(&self.log)),
        }
    }

    /// Waits for its end.
    pub async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        Ok(ended.with_context(|| format!("{} did not end within {limit:?}", self.name))??)
    }

    /// SIGTERM, and waits for its end.
    pub async fn terminate(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.wait(limit).await
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::KILL)?;
        self.wait(SOON).await.map(drop)
    }
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let tail = text.get(text.len().saturating_sub(2_000)..).unwrap_or_default();
    String::from_utf8_lossy(tail).into_owned()
}

/// Runs a program to its end and gives back its status and all that it wrote.
pub async fn run<A: AsRef<OsStr>>(
    program: &Path,
    arguments: &[A],
    environment: &Environment,
    limit: Duration,
) -> anyhow::Result<(ExitStatus, String)> {
    let running = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(limit, running)
        .await
        .with_context(|| format!("{} did not end within {limit:?}", program.display()))??;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status, String::from_utf8_lossy(&text).into_owned()))
}

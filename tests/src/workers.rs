//! `prosaas-workers` as a process, and `prosaas-ops`.

use std::{path::PathBuf, process::ExitStatus, time::Duration};

use anyhow::Context as _;
use rustix::process::Signal;

use crate::{
    environment,
    eventually::SOON,
    process::{self, Environment, Process},
    scratch::Scratch,
};

/// The workers, which a restart finds again.
#[derive(Debug)]
pub struct Workers {
    /// Their environment, for the next start.
    pub environment: Environment,
    log: PathBuf,
    process: Option<Process>,
}

impl Workers {
    /// Prepares workers that are not started yet.
    pub fn prepare(scratch: &Scratch, environment: Environment) -> Self {
        Self { environment, log: scratch.log("workers"), process: None }
    }

    /// Starts them. Whether they work shows in what they do.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let program = environment::binary("prosaas-workers")?;
        let none: [&str; 0] = [];
        self.process = Some(Process::start("workers", &program, &none, &self.environment, &self.log)?);
        Ok(())
    }

    fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("the workers are not running")
    }

    /// Fails when they have ended, with the end of their log.
    pub fn ensure_running(&mut self) -> anyhow::Result<()> {
        self.process()?.ensure_running()
    }

    /// Waits for workers that end by themselves; gives back all that they wrote too.
    pub async fn ended(&mut self, limit: Duration) -> anyhow::Result<(ExitStatus, String)> {
        let ended = self.process()?.wait(limit).await;
        self.process = None;
        Ok((ended?, String::from_utf8_lossy(&std::fs::read(&self.log)?).into_owned()))
    }

    /// `kill -9`.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let killed = self.process()?.kill().await;
        self.process = None;
        killed
    }

    /// SIGSTOP: they hold what they hold, and do nothing.
    pub fn freeze(&mut self) -> anyhow::Result<()> {
        self.process()?.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub fn thaw(&mut self) -> anyhow::Result<()> {
        self.process()?.signal(Signal::CONT)
    }

    /// SIGTERM, and waits for their end.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = self.process()?.terminate(SOON).await;
        self.process = None;
        ended
    }
}

/// Runs `prosaas-ops` to its end and gives back its status and all that it wrote.
pub async fn ops(arguments: &[&str], environment: &Environment) -> anyhow::Result<(ExitStatus, String)> {
    process::run(&environment::binary("prosaas-ops")?, arguments, environment, SOON).await
}

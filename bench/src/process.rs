//! The processes that the benchmark starts, and what the kernel counts of them.

use std::{
    ffi::OsStr,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tokio::process::{Child, Command};

/// How long a process may take until it listens.
const START: Duration = Duration::from_secs(30);
/// How long it may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(10);

/// A process that ends with the benchmark.
pub struct Process {
    name: String,
    child: Child,
}

/// A process that is to be started.
pub struct Start<'a> {
    /// For people.
    pub name: &'a str,
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// All of its environment but `PATH`.
    pub environment: Vec<(&'static str, String)>,
    /// Where it works.
    pub folder: &'a Path,
    /// Where its standard error goes. Its standard output, which takes the log
    /// line of each request, goes nowhere.
    pub errors: &'a Path,
}

impl Process {
    /// Starts it.
    pub fn start(start: Start<'_>) -> anyhow::Result<Self> {
        let errors = std::fs::File::create(start.errors)?;
        let path = prosaas_platform::config::Env::from_process().optional("PATH")?.unwrap_or_default();
        let child = Command::new(start.program)
            .args(start.arguments.iter().map(OsStr::new))
            .env_clear()
            .env("PATH", path)
            .envs(start.environment)
            .current_dir(start.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}: {}", start.name, start.program.display()))?;
        Ok(Self { name: start.name.to_owned(), child })
    }

    /// Waits until it takes connections on `address`.
    pub async fn listening(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended while starting: {status}", self.name);
            }
            if began.elapsed() > START {
                bail!("{} does not listen on {address}", self.name);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits until it ends by itself, with success.
    pub async fn succeeded(mut self, within: Duration) -> anyhow::Result<()> {
        let status = tokio::time::timeout(within, self.child.wait())
            .await
            .with_context(|| format!("{} did not end in time", self.name))??;
        ensure!(status.success(), "{} failed: {status}", self.name);
        Ok(())
    }

    /// Processor time of it and its children so far, user and system.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let ticks = self.family()?.iter().map(|pid| cpu_ticks(*pid)).sum::<anyhow::Result<u64>>()?;
        Ok(duration(ticks))
    }

    /// The most memory that it and its children ever held (`VmHWM`, summed), kB.
    pub fn peak_rss_kb(&self) -> anyhow::Result<u64> {
        self.family()?.iter().map(|pid| peak_rss_kb(*pid)).sum()
    }

    /// Tells it to stop (SIGTERM) and waits until it has.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?))
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        if tokio::time::timeout(STOP, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }

    /// It and the children of its main thread: a pre-forking server's workers.
    fn family(&self) -> anyhow::Result<Vec<u32>> {
        let pid = self.child.id().with_context(|| format!("{} has ended", self.name))?;
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let children = children.split_whitespace().map(|child| Ok(child.parse()?));
        std::iter::once(Ok(pid)).chain(children).collect()
    }
}

/// Processor time of this process so far: the load generator's.
pub fn own_cpu() -> anyhow::Result<Duration> {
    Ok(duration(cpu_ticks(std::process::id())?))
}

/// Processor time that the whole machine has spent on anything since it started
/// (`/proc/stat`: user, nice, system, then idle and waiting, then interrupts and
/// what a hypervisor gave to others).
pub fn machine_cpu() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let ticks = line.split_whitespace().skip(1).map(str::parse::<u64>).collect::<Result<Vec<_>, _>>()?;
    let busy = ticks.iter().take(8).enumerate().filter(|(place, _)| !matches!(place, 3 | 4));
    Ok(duration(busy.map(|(_, ticks)| ticks).sum()))
}

fn duration(ticks: u64) -> Duration {
    Duration::from_micros(ticks.saturating_mul(1_000_000) / rustix::param::clock_ticks_per_second())
}

/// User and system time in clock ticks: fields 14 and 15 of proc_pid_stat(5).
fn cpu_ticks(pid: u32) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field, in parentheses, may itself hold blanks and parentheses.
    let (_, fields) = stat.rsplit_once(") ").context("/proc/<pid>/stat is not as expected")?;
    let fields: Vec<_> = fields.split(' ').collect();
    let tick = |number: usize| -> anyhow::Result<u64> {
        Ok(fields.get(number - 3).context("/proc/<pid>/stat is too short")?.parse()?)
    };
    Ok(tick(14)? + tick(15)?)
}

fn peak_rss_kb(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("there is no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// A port of loopback that was free a moment ago.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

//! A Postgres of a test's own, which the test may kill and stop: the server itself,
//! not the way to it.

use std::{
    net::SocketAddr,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use sqlx::{Connection as _, PgConnection};
use tokio::process::Command;
use url::Url;
use uuid::Uuid;

use crate::{
    environment,
    eventually::SOON,
    ports,
    process::{Environment, Process},
    random::Random,
    scratch::Scratch,
};

/// The cluster. It syncs what it commits, as production does.
#[derive(Debug)]
pub struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    address: SocketAddr,
    password: String,
    owner: Option<(u32, u32)>,
    log: PathBuf,
    process: Option<Process>,
}

impl Cluster {
    /// Makes an empty one and starts it.
    pub async fn start(scratch: &Scratch) -> anyhow::Result<Self> {
        let owner = owner()?;
        // Not in the scratch folder, which root alone may enter.
        let folder = tempfile::Builder::new().prefix("prosaas-test-pg-").tempdir()?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700))?;
        let mut cluster = Self {
            folder,
            programs: environment::postgres()?,
            address: ports::free()?,
            password: Uuid::new_v4().simple().to_string(),
            owner,
            log: scratch.log("postgres"),
            process: None,
        };
        cluster.make().await?;
        cluster.restart().await?;
        Ok(cluster)
    }

    async fn make(&self) -> anyhow::Result<()> {
        let password = self.folder.path().join("password");
        std::fs::write(&password, &self.password)?;
        if let Some((user, group)) = self.owner {
            chown(self.folder.path(), Some(user), Some(group))?;
            chown(&password, Some(user), Some(group))?;
        }
        let mut command = self.command("initdb")?;
        command.args(["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "-D"]);
        command.arg(self.data()).arg(format!("--pwfile={}", password.display())).stdin(Stdio::null());
        let made = tokio::time::timeout(SOON, command.env_clear().envs(&surroundings()?).output()).await??;
        anyhow::ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Postgres refuses to be root.
    fn command(&self, program: &str) -> anyhow::Result<Command> {
        let path = self.programs.join(program);
        anyhow::ensure!(path.exists(), "{} is missing", path.display());
        let mut command = Command::new(path);
        if let Some((user, group)) = self.owner {
            // Its programs look at the folder that they were started in.
            command.uid(user).gid(group).current_dir("/");
        }
        Ok(command)
    }

    /// The address of its first database, as its administrator.
    pub fn url(&self) -> anyhow::Result<Url> {
        Ok(format!("postgres://postgres:{}@{}/postgres", self.password, self.address).parse()?)
    }

    /// Starts it again on the same port and data, and waits until it has recovered.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + SOON;
        loop {
            // What is left of a killed one keeps its memory for a moment: a start fails then.
            if self.process.as_mut().is_none_or(|process| process.ensure_running().is_err()) {
                let mut command = self.command("postgres")?;
                command.arg("-D").arg(self.data()).arg(format!("--port={}", self.address.port()));
                command.args(["--listen_addresses=127.0.0.1", "--unix_socket_directories="]);
                let process = Process::spawn("postgres", &mut command, &surroundings()?, &self.log)?;
                self.process = Some(process);
            }
            let connecting = PgConnection::connect(self.url()?.as_str()).await;
            let Err(error) = connecting else { return Ok(()) };
            anyhow::ensure!(Instant::now() < deadline, "Postgres does not answer within {SOON:?}: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("Postgres is not running")
    }

    /// `kill -9` of the server; its sessions end by themselves when they see it.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let killed = self.process()?.kill().await;
        self.process = None;
        killed
    }

    /// `kill -9` of one of its processes, whichever the number falls on: a session, or one
    /// that writes for all of them. The server then ends the others and recovers.
    pub async fn kill_one(&mut self, random: &mut Random) -> anyhow::Result<()> {
        let number = random.next();
        let deadline = Instant::now() + SOON;
        loop {
            let children = self.children()?;
            let place = usize::try_from(number % u64::try_from(children.len().max(1))?)?;
            // A session may end by itself at the very moment.
            if children.get(place).is_some_and(|child| kill_process(*child, Signal::KILL).is_ok()) {
                return Ok(());
            }
            anyhow::ensure!(Instant::now() < deadline, "Postgres has no processes");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGSTOP to all of it: connections stay, nothing answers.
    pub fn freeze(&mut self) -> anyhow::Result<()> {
        // The server first, so that it starts no more of them meanwhile.
        self.process()?.signal(Signal::STOP)?;
        self.tell_children(Signal::STOP)
    }

    /// SIGCONT.
    pub fn thaw(&mut self) -> anyhow::Result<()> {
        self.tell_children(Signal::CONT)?;
        self.process()?.signal(Signal::CONT)
    }

    fn tell_children(&mut self, signal: Signal) -> anyhow::Result<()> {
        for child in self.children()? {
            // One that has ended meanwhile needs no word.
            let _ = kill_process(child, signal);
        }
        Ok(())
    }

    fn children(&mut self) -> anyhow::Result<Vec<Pid>> {
        let server = self.process()?.pid()?.as_raw_nonzero();
        let text = std::fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        Ok(text.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect())
    }
}

impl Drop for Cluster {
    /// Ends all of it before its folder goes.
    fn drop(&mut self) {
        let _ = self.thaw();
        let Some(process) = &mut self.process else { return };
        let _ = process.signal(Signal::QUIT);
        for _ in 0..250 {
            if process.ensure_running().is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn surroundings() -> anyhow::Result<Environment> {
    let pairs = [("PATH", environment::path()?), ("LC_ALL", "C.UTF-8".to_owned())];
    Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// User and group for root: Postgres's own user, or nobody.
fn owner() -> anyhow::Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string(Path::new("/etc/passwd"))?;
    let find = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == wanted).then_some(())?;
            Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
        })
    };
    let found = find("postgres").or_else(|| find("nobody"));
    Ok(Some(found.context("there is no user postgres or nobody to run Postgres as")?))
}

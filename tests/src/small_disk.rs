//! A small disk that can be filled: a tmpfs in a mount namespace of its own, so that it
//! works as root and, where the kernel lets users have namespaces, without. It is gone
//! with the process that holds it, and outlives those that use it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context as _;
use rustix::{
    fs::{FallocateFlags, fallocate, statvfs},
    io::Errno,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{environment, eventually::SOON};

/// Bytes that are left of a full disk: some events fit, and then no more.
const ROOM: u64 = 16 * 1024;

/// The disk.
#[derive(Debug)]
pub struct SmallDisk {
    // It ends when its input ends: also when this process is killed.
    holder: Child,
    flags: &'static [&'static str],
    /// The folder as this process sees it.
    seen: PathBuf,
}

impl SmallDisk {
    /// Mounts one on a folder; none where this machine does not let us.
    pub async fn mount(folder: &Path, megabytes: u32) -> anyhow::Result<Option<Self>> {
        let Some(unshare) = environment::in_path("unshare") else { return Ok(None) };
        let script =
            format!("mount -t tmpfs -o size={megabytes}m,mode=700 tmpfs \"$1\" && echo mounted && exec cat");
        let ways: [(&[&str], &[&str]); 2] = [
            (&["--mount"], &["--mount"]),
            (&["--user", "--map-root-user", "--mount"], &["--user", "--preserve-credentials", "--mount"]),
        ];
        for (flags, enter) in ways {
            let mut holder = Command::new(&unshare)
                .args(flags)
                .args(["sh", "-c", &script, "sh"])
                .arg(folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            let mut lines = BufReader::new(holder.stdout.take().context("no output")?).lines();
            let said = tokio::time::timeout(SOON, lines.next_line()).await.context("the mount hangs")??;
            if said.as_deref() == Some("mounted") {
                let pid = holder.id().context("it has ended")?;
                let root = PathBuf::from(format!("/proc/{pid}/root"));
                let seen = root.join(folder.strip_prefix("/").context("a whole path")?);
                return Ok(Some(Self { holder, flags: enter, seen }));
            }
        }
        Ok(None)
    }

    /// The program, with arguments, behind which another one sees the disk.
    pub fn behind(&self) -> anyhow::Result<(PathBuf, Vec<String>)> {
        let pid = self.holder.id().context("the disk's holder has ended")?;
        let mut arguments: Vec<_> = self.flags.iter().map(|flag| (*flag).to_owned()).collect();
        arguments.extend([format!("--target={pid}"), "--".to_owned()]);
        Ok((environment::in_path("nsenter").context("nsenter is missing")?, arguments))
    }

    fn junk(&self) -> PathBuf {
        self.seen.join("junk")
    }

    /// Somebody else takes all that is left but a few events' room, at once. What is set
    /// aside there now, and given up once the disk is full, is not theirs.
    pub fn fill(&self) -> anyhow::Result<()> {
        self.fill_but(ROOM)
    }

    /// Somebody else takes all but a tenth of the disk.
    pub fn fill_nine_tenths(&self) -> anyhow::Result<()> {
        let stat = statvfs(&self.seen)?;
        self.fill_but(stat.f_blocks.saturating_mul(stat.f_frsize) / 10)
    }

    fn fill_but(&self, room: u64) -> anyhow::Result<()> {
        let junk = File::create(self.junk())?;
        let stat = statvfs(&self.seen)?;
        let mut wanted = stat.f_bavail.saturating_mul(stat.f_frsize);
        loop {
            wanted = wanted.saturating_sub(room);
            match fallocate(&junk, FallocateFlags::empty(), 0, wanted) {
                // Others have written meanwhile: never more than there was at first.
                Err(Errno::NOSPC) if wanted > 0 => {}
                done => return Ok(done?),
            }
        }
    }

    /// And gives it back.
    pub fn free(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.junk())?)
    }
}

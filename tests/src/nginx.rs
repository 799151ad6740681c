//! The repository's nginx.conf in a real nginx, before one backend.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::{
    environment,
    eventually::eventually,
    ports,
    process::{Environment, Process},
    scratch::Scratch,
    twilio::Twilio,
};

/// A running nginx. It ends with the value.
pub struct Nginx {
    _process: Process,
    _folder: TempDir,
    address: SocketAddr,
}

impl Nginx {
    /// Starts one before that backend. Whoever connects from loopback is Cloudflare.
    pub async fn start(scratch: &Scratch, backend: SocketAddr) -> anyhow::Result<Self> {
        let (address, folder) = (ports::free()?, tempfile::tempdir()?);
        // Root's nginx works as `nobody`.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let (own, log) = (folder.path().display().to_string(), scratch.log("nginx"));
        copy(&environment::root().join("nginx"), &folder.path().join("nginx"))?;
        std::fs::write(folder.path().join("nginx/trusted-proxies.conf"), "127.0.0.1 1;\n")?;
        let log_format = folder.path().join("nginx/log.conf");
        replace(&log_format, &log_format, &[("/dev/stdout", format!("{own}/access.log"))])?;
        let config = folder.path().join("nginx.conf");
        replace(
            &environment::root().join("nginx.conf"),
            &config,
            &[
                ("listen 8080 default_server;", format!("listen {address} default_server;")),
                ("set $backend backend:5000;", format!("set $backend {backend};")),
                // One process: a killed master would leave its workers behind.
                ("pid /tmp/nginx.pid;", "daemon off; master_process off; pid /tmp/nginx.pid;".to_owned()),
                (" /tmp/", format!(" {own}/")),
                ("error_log /dev/stderr", format!("error_log {own}/error.log")),
                ("worker_processes auto;", "worker_processes 1;".to_owned()),
            ],
        )?;
        let arguments = ["-e", "stderr", "-c", &config.display().to_string()];
        let process = Process::start("nginx", &environment::nginx()?, &arguments, &Environment::new(), &log)?;
        eventually("nginx listens", Duration::from_secs(20), || async {
            Ok(tokio::net::TcpStream::connect(address).await?)
        })
        .await
        .with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        Ok(Self { _process: process, _folder: folder, address })
    }

    /// Twilio, sending to it.
    pub const fn twilio(&self) -> Twilio {
        Twilio { ingress: self.address }
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn replace(from: &Path, to: &Path, replacements: &[(&str, String)]) -> anyhow::Result<()> {
    let mut text = std::fs::read_to_string(from)?;
    for (old, new) in replacements {
        ensure!(text.contains(old), "{} has no {old:?}", from.display());
        text = text.replace(old, new);
    }
    Ok(std::fs::write(to, text)?)
}

//! Room on the disks of the ingress's log and of the recordings, and logs that were put aside.

use std::path::Path;

use rustix::fs::statvfs;

use super::finding::{Area, Finding};
use crate::{
    doctor::config::DoctorConfig,
    local_log::{RECOVERY, put_aside},
};

const AREA: Area = Area("disk");
const MIB: u64 = 1024 * 1024;

/// Recordings have 32 kbit/s: room for some 70 hours of them.
const FOR_RECORDINGS: u64 = 1024 * MIB;

/// Looks at both.
pub fn check(config: &DoctorConfig) -> Vec<Finding> {
    vec![log(config), damaged_logs(config), recordings(config)]
}

fn log(config: &DoctorConfig) -> Finding {
    const CHECK: &str = "the ingress's log";
    match (&config.event_log_path, &config.event_log_max_bytes) {
        (Ok(path), Ok(most)) => judge(
            CHECK,
            path,
            *most,
            "the log may grow to EVENT_LOG_MAX_BYTES while NATS is away: free that much, or lower it",
        ),
        (Err(error), _) | (_, Err(error)) => AREA.skipped(CHECK, error),
    }
}

/// Rows that were acknowledged, and that nothing will publish by itself.
fn damaged_logs(config: &DoctorConfig) -> Finding {
    const CHECK: &str = "damaged logs";
    let path = match &config.event_log_path {
        Ok(path) => path,
        Err(error) => return AREA.skipped(CHECK, error),
    };
    match put_aside(path) {
        Ok(found) if found.is_empty() => AREA.ok(CHECK, "none was put aside"),
        Ok(found) => {
            let files: Vec<_> = found.iter().map(|aside| aside.file.display().to_string()).collect();
            let fix = format!("bring their rows back, then delete them: see {RECOVERY}");
            AREA.broken(CHECK, format!("put aside by the ingress: {}", files.join(", ")), fix)
        }
        Err(error) => AREA.skipped(CHECK, format!("{}: {error}", path.display())),
    }
}

fn recordings(config: &DoctorConfig) -> Finding {
    const CHECK: &str = "recordings";
    match &config.recordings_url {
        Ok(url) if url.scheme() == "file" => match url.to_file_path() {
            Ok(path) => judge(
                CHECK,
                &path,
                FOR_RECORDINGS,
                "free space there, or keep recordings in an object store (RECORDINGS_URL)",
            ),
            Err(()) => AREA.broken(CHECK, "RECORDINGS_URL is no folder", "write it as file:///folder"),
        },
        Ok(url) => AREA.ok(CHECK, format!("in an object store ({}://), no disk of ours", url.scheme())),
        Err(error) => AREA.skipped(CHECK, error),
    }
}

fn judge(check: &str, path: &Path, wanted: u64, fix: &str) -> Finding {
    match statvfs(path) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let found = format!("{} MiB free at {}", free / MIB, path.display());
            if free >= wanted {
                AREA.ok(check, found)
            } else {
                AREA.broken(check, format!("{found}, {} MiB wanted", wanted / MIB), fix)
            }
        }
        Err(error) => AREA.broken(
            check,
            format!("{}: {error}", path.display()),
            "mount that folder where this runs, as docker-compose.yml does for `setup`",
        ),
    }
}

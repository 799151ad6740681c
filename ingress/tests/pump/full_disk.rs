//! A disk that is really full: a small tmpfs in a mount namespace of its own, so
//! that it works as root and, where the kernel lets users have namespaces, without.

use std::{fs::File, io::Write, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use prosaas_ingress::event_log::{AppendError, Appended, EventLog, EventLogConfig, NewEvent};
use prosaas_shared::{clock, subjects::Stream};
use tokio_util::sync::CancellationToken;

use crate::support::{Nats, drained, event, eventually, start_pump};

/// Where the inner test finds its disk.
const DISK: &str = "FULL_DISK_TEST_DIR";

#[test]
fn a_full_disk_loses_nothing_and_frees_itself() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mount = "mount -t tmpfs -o size=24m,mode=700 tmpfs \"$1\"";
    let unshare = |flags: &[&str], script: &str| {
        let mut command = Command::new("unshare");
        command.args(flags).args(["sh", "-c", script, "sh"]).arg(dir.path());
        command
    };
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let way = ways.into_iter().find(|flags| unshare(flags, mount).output().is_ok_and(|o| o.status.success()));
    let Some(way) = way else {
        eprintln!("SKIPPED: this machine lets us mount no tmpfs; the log's hard limit is tested without one");
        return Ok(());
    };
    for test in ["full_disk::on_a_small_disk", "full_disk::on_a_disk_that_others_fill"] {
        let inner = format!("{mount} && {DISK}=\"$1\" exec \"$2\" --ignored --exact {test}");
        let output = unshare(way, &inner).arg(std::env::current_exe()?).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success() && text.contains("1 passed"), "{text}");
    }
    Ok(())
}

fn large(n: usize) -> Result<NewEvent> {
    Ok(NewEvent { payload: vec![b'x'; 3000].into(), ..event(n)? })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, on a small disk"]
async fn on_a_small_disk() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let disk = disk()?;
    let config = EventLogConfig { min_free_bytes: 1024 * 1024, ..EventLogConfig::new(&disk) };
    let log = EventLog::open(config, clock::system()).await?;
    let ballast = disk.join("slot-0/ballast");
    assert!(ballast.exists());
    for n in 0..600 {
        log.append(large(n)?).await?;
    }
    let mut kept = 600;
    // Somebody else takes all that is left.
    let mut junk = File::create(disk.join("junk"))?;
    while junk.write_all(&[0; 4096]).is_ok() {}
    while log.append(large(kept)?).await.is_ok() {
        kept += 1;
        ensure!(kept < 10_000, "the disk is not full");
    }
    assert_eq!(log.append(large(kept)?).await, Err(AppendError::Full));
    assert!(!ballast.exists(), "the ballast is given up");
    for n in kept..kept + 20 {
        assert_eq!(log.append_or_last_resort(large(n)?).await, Appended::LastResort);
    }

    let _pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
    drained(&log).await?;
    assert!(!log.is_accepting(), "the disk is still as good as full");
    drop(junk);
    std::fs::remove_file(disk.join("junk"))?;
    eventually("the log accepts again", || async { Ok(log.is_accepting()) }).await?;
    assert!(ballast.exists(), "the ballast is back");
    each_is_stored_once(&nats, kept + 20).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, on a small disk"]
async fn on_a_disk_that_others_fill() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let disk = disk()?;
    let config = EventLogConfig { min_free_bytes: 1024 * 1024, ..EventLogConfig::new(&disk) };
    let log = EventLog::open(config, clock::system()).await?;
    log.append(large(0)?).await?;
    let mut junk = File::create(disk.join("junk"))?;
    while junk.write_all(&[0; 4096]).is_ok() {}
    // The log sees that there is no room before any write of its own has failed.
    eventually("the log stops accepting", || async { Ok(!log.is_accepting()) }).await?;
    let ballast = disk.join("slot-0/ballast");
    assert!(ballast.exists(), "nobody has needed it yet");
    // Many calls at the very moment at which that is found out.
    let calls = (1..40).map(|n| anyhow::Ok(log.append_or_last_resort(large(n)?)));
    let kept = join_all(calls.collect::<Result<Vec<_>>>()?).await;
    assert_eq!(kept, [Appended::LastResort; 39]);
    assert!(!ballast.exists(), "the ballast is given up");

    let _pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
    drop(junk);
    std::fs::remove_file(disk.join("junk"))?;
    each_is_stored_once(&nats, 40).await
}

async fn each_is_stored_once(nats: &Nats, events: usize) -> Result<()> {
    let mut expected: Vec<_> = (0..events).map(|n| format!("event-{n}")).collect();
    expected.sort();
    eventually("every event is in the stream, once", || async {
        let mut ids: Vec<_> = nats.messages(Stream::Calls).await?.into_iter().map(|m| m.id).collect();
        ids.sort();
        Ok(ids == expected)
    })
    .await
}

#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn disk() -> Result<PathBuf> {
    std::env::var_os(DISK).map(PathBuf::from).context("run by the test above")
}

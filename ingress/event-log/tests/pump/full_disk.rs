//! A disk that is really full: a small tmpfs in a mount namespace of its own, so
//! that it works as root and, where the kernel lets users have namespaces, without.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use prosaas_event_log::{AppendError, Appended, EventLog, EventLogConfig, NewEvent};
use prosaas_events::subjects::Stream;
use prosaas_platform::clock;
use tokio_util::sync::CancellationToken;

use crate::support::{Nats, drained, event, eventually, start_pump};

/// Where the inner test finds its disk.
const DISK: &str = "FULL_DISK_TEST_DIR";

#[test]
fn a_full_disk_loses_nothing_and_frees_itself() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mount = "mount -t tmpfs -o size=24m,nr_inodes=4000,mode=700 tmpfs \"$1\"";
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
    for test in [
        "full_disk::on_a_small_disk",
        "full_disk::on_a_disk_that_others_fill",
        "full_disk::on_a_disk_that_is_full_at_the_start",
        "full_disk::on_a_disk_that_has_nothing_to_give_up",
        "full_disk::on_a_disk_without_room_for_a_folder",
    ] {
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

/// A log with its ballast and 40 rows, and no process that holds it; then somebody fills the disk.
async fn filled_while_nobody_was_there(disk: &Path) -> Result<EventLogConfig> {
    let config = EventLogConfig { min_free_bytes: 1024 * 1024, ..EventLogConfig::new(disk) };
    let log = EventLog::open(config.clone(), clock::system()).await?;
    for n in 0..40 {
        log.append(large(n)?).await?;
    }
    log.close().await;
    let mut junk = File::create(disk.join("junk"))?;
    while junk.write_all(&[0; 4096]).is_ok() {}
    Ok(config)
}

fn says_that_the_disk_is_full(log: &EventLog) -> Result<()> {
    let problem = log.problem().context("nothing is wrong")?;
    ensure!(problem.contains("disk is full"), "{problem}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, on a small disk"]
async fn on_a_disk_that_is_full_at_the_start() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let disk = disk()?;
    let config = filled_while_nobody_was_there(&disk).await?;
    let ballast = disk.join("slot-0/ballast");
    assert!(ballast.exists());
    let log = EventLog::open(config, clock::system()).await?;
    assert!(!ballast.exists(), "the ballast is given up");
    assert_eq!(log.stats().depth, 40, "the log is open");
    says_that_the_disk_is_full(&log)?;
    for n in 40..60 {
        assert_eq!(log.append_or_last_resort(large(n)?).await, Appended::LastResort);
    }
    let _pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
    drained(&log).await?;
    std::fs::remove_file(disk.join("junk"))?;
    each_is_stored_once(&nats, 60).await?;
    eventually("the log accepts again", || async { Ok(log.is_accepting()) }).await?;
    assert!(ballast.exists(), "the ballast is back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, on a small disk"]
async fn on_a_disk_that_has_nothing_to_give_up() -> Result<()> {
    let nats = Nats::start().await?;
    nats.stream(Stream::Calls, |_| {}).await?;
    let disk = disk()?;
    let config = filled_while_nobody_was_there(&disk).await?;
    std::fs::remove_file(disk.join("slot-0/ballast"))?;
    let mut more = File::create(disk.join("more"))?;
    while more.write_all(&[0; 4096]).is_ok() {}
    let log = EventLog::open(config, clock::system()).await?;
    says_that_the_disk_is_full(&log)?;
    assert_eq!(log.append(large(40)?).await, Err(AppendError::Full));
    assert_eq!(log.append_or_last_resort(large(40)?).await, Appended::Lost, "but nobody waits for it");
    let _pump = start_pump(&log, nats.client().await?, &CancellationToken::new());
    std::fs::remove_file(disk.join("junk"))?;
    eventually("the log accepts", || async { Ok(log.is_accepting()) }).await?;
    log.append(large(40)?).await?;
    each_is_stored_once(&nats, 41).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, on a small disk"]
async fn on_a_disk_without_room_for_a_folder() -> Result<()> {
    let disk = disk()?;
    let files = disk.join("files");
    std::fs::create_dir(&files)?;
    // A small disk of memory has few inodes too.
    let mut names = (0..).map(|n| files.join(format!("{n}")));
    while names.next().is_some_and(|name| File::create(name).is_ok()) {}
    let config = EventLogConfig { min_free_bytes: 1024 * 1024, ..EventLogConfig::new(disk.join("log")) };
    let log = EventLog::open(config.clone(), clock::system()).await?;
    says_that_the_disk_is_full(&log)?;
    assert_eq!(log.append_or_last_resort(large(0)?).await, Appended::Lost);
    log.close().await;
    let log = EventLog::open(config, clock::system()).await?;
    std::fs::remove_dir_all(&files)?;
    eventually("the log accepts", || async { Ok(log.is_accepting()) }).await?;
    log.append(large(0)?).await?;
    assert_eq!(log.slot_name(), "slot-0");
    Ok(())
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

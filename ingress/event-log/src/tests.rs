//! What the log promises, tried on real files.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use prosaas_domain::ids::{CallSid, LeadId};
use prosaas_events::{crm::lead::LeadDeleteV1, subjects::Subject};
use prosaas_platform::clock;
use prosaas_tests::eventually::{SOON, becomes};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row, sqlite::SqliteConnectOptions};
use tokio::time::sleep;
use uuid::Uuid;

use super::*;

const LIMIT: ReadLimit = ReadLimit { rows: 1000, bytes: 1 << 20 };

fn config(dir: &Path) -> EventLogConfig {
    EventLogConfig {
        min_free_bytes: 1,
        ballast_bytes: 4096,
        tick: Duration::from_millis(20),
        ..EventLogConfig::new(dir)
    }
}

async fn open(dir: &Path) -> Result<EventLog> {
    Ok(EventLog::open(config(dir), clock::system()).await?)
}

fn call(id: &str, bytes: usize) -> Result<NewEvent> {
    let call: CallSid = "CA1".parse()?;
    let subject = Subject::call_incoming(&call);
    Ok(NewEvent { id: id.parse()?, subject, payload: vec![b'x'; bytes].into(), traceparent: None })
}

fn command(id: &str) -> Result<NewEvent> {
    let subject = Subject::command(&LeadDeleteV1 { lead_id: LeadId(Uuid::nil()) });
    Ok(NewEvent { id: id.parse()?, subject, payload: "{}".into(), traceparent: None })
}

async fn waiting(log: &EventLog, lane: Stream) -> Result<Vec<String>> {
    waiting_after(log, lane, 0).await
}

async fn waiting_after(log: &EventLog, lane: Stream, seq: i64) -> Result<Vec<String>> {
    Ok(log.read(lane, seq, LIMIT).await?.rows.into_iter().map(|row| row.id).collect())
}

fn pending(log: &EventLog) -> bool {
    log.inner.place.get().is_none_or(|place| place.last_resort.is_pending())
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
    becomes(what, SOON, true, || std::future::ready(Ok(holds()))).await
}

#[tokio::test]
async fn an_acknowledged_event_is_in_the_files_before_anything_is_closed() -> Result<()> {
    let (dir, copy) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let log = open(dir.path()).await?;
    log.append(call("a", 10)?).await?;
    // What a killed process would leave behind.
    fs::create_dir(copy.path().join("slot-0"))?;
    for name in ["events.db", "events.db-wal"] {
        fs::copy(dir.path().join("slot-0").join(name), copy.path().join("slot-0").join(name))?;
    }
    let found = open(copy.path()).await?;
    assert_eq!(found.stats().depth, 1);
    assert_eq!(waiting(&found, Stream::Calls).await?, ["a"]);
    Ok(())
}

#[tokio::test]
async fn the_same_id_twice_is_one_row_in_one_commit_and_in_two() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = open(dir.path()).await?;
    let (first, second) = tokio::join!(log.append(call("a", 10)?), log.append(call("a", 10)?));
    first?;
    second?;
    log.append(call("a", 10)?).await?;
    assert_eq!(log.stats().depth, 1);
    log.clone().close().await;
    assert_eq!(log.append(call("b", 10)?).await, Err(AppendError::Unavailable));
    assert_eq!(log.append_or_last_resort(call("b", 10)?).await, Appended::Lost);
    let log = open(dir.path()).await?;
    assert_eq!((log.slot_name(), log.stats().depth), ("slot-0", 1));
    Ok(())
}

#[tokio::test]
async fn files_are_for_our_user_alone() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = open(dir.path()).await?;
    log.append(call("a", 10)?).await?;
    for entry in fs::read_dir(dir.path().join("slot-0"))? {
        let entry = entry?;
        let mode = entry.metadata()?.permissions().mode() & 0o777;
        ensure!(mode == 0o600, "{} has mode {mode:o}", entry.path().display());
    }
    Ok(())
}

#[tokio::test]
async fn an_event_that_no_stream_would_take_is_refused() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = open(dir.path()).await?;
    assert_eq!(log.append(call("a", MAX_EVENT_BYTES + 1)?).await, Err(AppendError::TooLarge));
    log.append(call("b", MAX_EVENT_BYTES)?).await?;
    assert_eq!(log.stats().depth, 1);
    Ok(())
}

#[tokio::test]
async fn accepting_stops_at_the_limit_and_goes_on_once_rows_are_published() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let config = EventLogConfig { max_bytes: 400_000, ..config(dir.path()) };
    let log = EventLog::open(config, clock::system()).await?;
    let mut kept = 0;
    let refused = loop {
        if let Err(error) = log.append(call(&format!("e{kept}"), 20_000)?).await {
            break error;
        }
        kept += 1;
        // The log measures itself ten times a second, by the clock, and some rows must fit between.
        sleep(Duration::from_millis(30)).await;
        ensure!(kept < 100, "the limit does not hold");
    };
    assert_eq!(refused, AppendError::Full);
    assert!(kept >= 10);
    assert_eq!(log.append_or_last_resort(call("more", 20_000)?).await, Appended::LastResort);
    let rows = log.read(Stream::Calls, 0, LIMIT).await?.rows;
    assert!(log.remove(rows.iter().map(|row| row.seq).collect()).await);
    until("the log accepts", || log.is_accepting()).await?;
    until("the last resort has moved", || log.stats().depth == 1).await?;
    assert_eq!(waiting(&log, Stream::Calls).await?, ["more"]);
    Ok(())
}

#[tokio::test]
async fn a_write_that_finds_no_room_releases_the_ballast_and_loses_nothing() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let config =
        EventLogConfig { hard_max_bytes: 400_000, tick: Duration::from_mins(1), ..config(dir.path()) };
    let log = EventLog::open(config, clock::system()).await?;
    let ballast = dir.path().join("slot-0/ballast");
    assert!(ballast.exists());
    let kept = fill(&log).await?;
    assert!(!ballast.exists());
    assert_eq!(log.append(call("more", 1)?).await, Err(AppendError::Full));
    assert_eq!(waiting(&log, Stream::Calls).await?.len(), kept);
    Ok(())
}

/// Appends until there is no room, and gives how many rows there was room for.
async fn fill(log: &EventLog) -> Result<usize> {
    let mut kept = 0;
    while log.append(call(&format!("e{kept}"), 20_000)?).await.is_ok() {
        kept += 1;
        ensure!(kept < 100, "the limit does not hold");
    }
    Ok(kept)
}

#[tokio::test]
async fn a_database_of_smaller_pages_has_the_room_that_the_settings_give() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let slot = dir.path().join("slot-0");
    fs::create_dir(&slot)?;
    let mut conn = SqliteConnectOptions::new()
        .filename(slot.join(schema::FILE))
        .create_if_missing(true)
        .page_size(1024)
        .connect()
        .await?;
    sqlx::raw_sql("CREATE TABLE older (x INTEGER)").execute(&mut conn).await?;
    conn.close().await?;

    let config = EventLogConfig { hard_max_bytes: 400_000, ..config(dir.path()) };
    let log = EventLog::open(config, clock::system()).await?;
    let kept = fill(&log).await?;
    assert!((15..20).contains(&kept), "{kept} rows of 20 kB in 400 kB");
    assert_eq!(waiting(&log, Stream::Calls).await?.len(), kept);
    Ok(())
}

#[tokio::test]
async fn what_went_to_the_last_resort_is_in_the_log_after_the_next_start() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let config = EventLogConfig { max_bytes: 1, ..config(dir.path()) };
    let log = EventLog::open(config, clock::system()).await?;
    for id in ["a", "b", "a"] {
        assert_eq!(log.append_or_last_resort(call(id, 10)?).await, Appended::LastResort);
    }
    log.close().await;
    let file = dir.path().join("slot-0").join(last_resort::FILE);
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    // A line that a power cut tore, and the next one after it.
    fs::OpenOptions::new().append(true).open(&file)?.write_all(b"{\"lane\":0,\"id\":\"to")?;
    last_resort::LastResort::new(&dir.path().join("slot-0")).write(&call("c", 10)?.into_row(1))?;

    let log = open(dir.path()).await?;
    until("the rows are there", || log.stats().depth == 3 && !pending(&log)).await?;
    assert_eq!(waiting(&log, Stream::Calls).await?, ["a", "b", "c"]);
    assert!(!file.exists());
    assert!(dir.path().join("slot-0/last-resort.unreadable").exists());
    Ok(())
}

#[tokio::test]
async fn each_lane_is_read_by_itself_in_order_and_in_pieces() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = open(dir.path()).await?;
    for n in 0..6 {
        log.append(call(&format!("call-{n}"), 100)?).await?;
        log.append(command(&format!("command-{n}"))?).await?;
    }
    let first = log.read(Stream::Calls, 0, ReadLimit { rows: 4, bytes: 1 << 20 }).await?;
    assert_eq!(first.rows.len(), 4);
    let rest = log.read(Stream::Calls, first.scanned_to, LIMIT).await?;
    assert_eq!(rest.rows.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["call-4", "call-5"]);
    let by_bytes = log.read(Stream::Calls, 0, ReadLimit { rows: 100, bytes: 250 }).await?;
    assert_eq!(by_bytes.rows.len(), 2);
    let large = log.read(Stream::Calls, 0, ReadLimit { rows: 100, bytes: 1 }).await?;
    assert_eq!(large.rows.len(), 1, "one row always fits");
    let end = log.read(Stream::Calls, rest.scanned_to, LIMIT).await?;
    assert_eq!((end.rows.len(), end.scanned_to), (0, 12), "other lanes' rows behind it are not walked again");
    assert_eq!(waiting(&log, Stream::Crm).await?.len(), 6);
    assert!(waiting(&log, Stream::Dead).await?.is_empty());
    assert!(log.stats().oldest_age < Duration::from_mins(1));
    Ok(())
}

#[tokio::test]
async fn what_is_read_without_the_file_is_what_is_in_it() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = open(dir.path()).await?;
    log.append(command("command")?).await?;
    let mut cursor = 0;
    for round in 0..4 {
        let ids: Vec<String> = (0..50).map(|n| format!("{round}-{n}")).collect();
        let appends =
            ids.iter().map(|id| Ok(log.append(NewEvent { traceparent: Some(id.clone()), ..call(id, 9)? })));
        futures_util::future::try_join_all(appends.collect::<Result<Vec<_>>>()?).await?;
        let fresh = log.inner.shared.fresh.take(Stream::Calls, cursor, LIMIT).context("nothing is fresh")?;
        let read = log.read(Stream::Calls, cursor, LIMIT).await?;
        assert_eq!(fresh.rows, read.rows);
        assert_eq!(read.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ids);
        cursor = read.scanned_to;
    }
    // One id was there before, and one row becomes a dead letter: both are read from the file.
    log.append(call("0-0", 9)?).await?;
    log.append(call("after", 9)?).await?;
    assert_eq!(waiting_after(&log, Stream::Calls, cursor).await?, ["after"]);
    let letter = NewRow { lane: Stream::Dead.lane(), ..call("letter", 9)?.into_row(1) };
    log.append(call("later", 9)?).await?;
    assert!(log.reject(cursor, "too large".to_owned(), Some(letter)).await);
    assert_eq!(waiting_after(&log, Stream::Calls, cursor).await?, ["after", "later"]);
    assert_eq!(waiting(&log, Stream::Dead).await?, ["letter"]);
    Ok(())
}

#[tokio::test]
async fn a_number_is_never_given_twice() -> Result<()> {
    let dir = tempfile::tempdir()?;
    for round in 1..=3 {
        let log = open(dir.path()).await?;
        log.append(call("a", 9)?).await?;
        let seq = log.read(Stream::Calls, 0, LIMIT).await?.rows[0].seq;
        assert_eq!(seq, round);
        assert!(log.remove(vec![seq]).await);
        log.close().await;
    }
    Ok(())
}

#[tokio::test]
async fn other_lanes_are_found_by_their_index() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let _log = open(dir.path()).await?;
    let mut conn = schema::open_reader(&dir.path().join("slot-0")).await?;
    let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", reader::OTHER_LANE)))
        .fetch_all(&mut conn)
        .await?;
    let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
    assert!(plan.iter().any(|step| step.contains("events_lane (lane=? AND seq>?)")), "{plan:?}");
    Ok(())
}

#[tokio::test]
async fn a_rejected_row_makes_way_for_its_dead_letter() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = open(dir.path()).await?;
    log.append(call("bad", 10)?).await?;
    let seq = log.read(Stream::Calls, 0, LIMIT).await?.rows[0].seq;
    let letter = NewRow { lane: Stream::Dead.lane(), ..call("letter", 10)?.into_row(1) };
    assert!(log.reject(seq, "too large".to_owned(), Some(letter.clone())).await);
    assert!(log.reject(seq, "too large".to_owned(), Some(letter)).await, "a second try changes nothing");
    assert!(waiting(&log, Stream::Calls).await?.is_empty());
    assert_eq!(waiting(&log, Stream::Dead).await?, ["letter"]);
    assert_eq!((log.stats().depth, log.stats().rejected), (1, 1));
    Ok(())
}

#[tokio::test]
async fn a_damaged_log_is_put_aside_and_a_new_one_begins() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = open(dir.path()).await?;
    log.append(call("a", 10)?).await?;
    log.close().await;
    let slot = dir.path().join("slot-0");
    fs::write(slot.join(schema::FILE), vec![b'#'; 8192])?;
    let log = open(dir.path()).await?;
    log.append(call("b", 10)?).await?;
    assert_eq!(waiting(&log, Stream::Calls).await?, ["b"]);
    assert_eq!(fs::read(slot.join("damaged-0-events.db"))?.len(), 8192);
    // Damage that only a write finds is dealt with at the next start.
    damage::mark(&slot);
    log.close().await;
    let log = open(dir.path()).await?;
    assert_eq!(log.stats().depth, 0);
    assert!(slot.join("damaged-1-events.db").exists());
    assert!(!slot.join("damaged").exists());
    Ok(())
}

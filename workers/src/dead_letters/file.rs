//! Filing: one row an event, whoever reports it and however often. One report or hundreds, by the same statements.
//!
//! ```text
//! whose they are ─► the dead letters' locks, in one order ─► rows, marks, earlier reports ─► fold, in memory
//!   ─► new rows, old rows ─► reports ─► items of replays ─► domain events ─► commit
//! ```

use std::collections::{BTreeSet, HashMap};

use prosaas_dead_letters::identity;
use prosaas_events::{
    EventData as _, domain_event::dead_letter::DeadLetterFiledV1, selection::State, subjects::LiveKind,
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    letter::{Filed, Filing, Letter},
    report::{Envelope, Replay, Report, Source},
    rows,
};
use crate::{
    domain_events::{Pending, Trigger},
    live::{Live, Update},
    runtime::{Done, Failure},
};

/// Files a failure; of one that is filed already, only what is new.
pub async fn file(pool: &PgPool, live: &Live, report: &Report) -> Result<Done, Failure> {
    Ok(Done::only(&file_all(pool, live, std::slice::from_ref(report)).await?))
}

/// Files failures, all or none, and says of each whether it told anything new.
pub async fn file_all(pool: &PgPool, live: &Live, reports: &[Report]) -> Result<Vec<Done>, Failure> {
    let mut transaction = pool.begin().await?;
    let filings = identified(&mut transaction, reports).await?;
    let done = put_all(&mut transaction, &filings).await?;
    transaction.commit().await?;
    for (filing, _) in filings.iter().zip(&done).filter(|(_, done)| **done == Done::Applied) {
        let Filing { id, report, envelope, .. } = filing;
        tracing::info!(
            event = "dead_letter.filed",
            dead_letter = %id,
            consumer = report.consumer,
            source = report.source.as_str(),
            reason = report.reason,
            trace_id = report.trace_id,
        );
        live.publish(Update::fact(envelope.business, LiveKind::DeadLetter, id, "dead_letter.file")).await;
    }
    Ok(done)
}

/// The reports with the dead letters that they are about.
async fn identified<'a>(
    connection: &mut PgConnection,
    reports: &'a [Report],
) -> Result<Vec<Filing<'a>>, sqlx::Error> {
    let read: Vec<_> = reports.iter().map(|report| (report, report.envelope(), report.replay())).collect();
    let named: Vec<Uuid> = read.iter().filter_map(|(_, _, replay)| replay.of).collect();
    let there = rows::existing(connection, &named).await?;
    let filing = |(report, envelope, replay): (&'a Report, Envelope, Replay)| {
        let key = envelope.id.as_deref().map(|id| identity::processed_key(id, replay.again));
        // A replay says whose it is, also where the bytes cannot be read.
        let id = replay.of.filter(|of| there.contains(of)).unwrap_or_else(|| {
            identity::dead_letter_id(&report.consumer, key.as_deref().unwrap_or(&report.key))
        });
        Filing { id, key, report, envelope, replay }
    };
    Ok(read.into_iter().map(filing).collect())
}

async fn put_all(connection: &mut PgConnection, filings: &[Filing<'_>]) -> Result<Vec<Done>, Failure> {
    let ids: BTreeSet<Uuid> = filings.iter().map(|filing| filing.id).collect();
    // The verdict and the advisory may come at once.
    rows::lock_all(connection, &ids).await?;
    let filed = rows::load_all(connection, &ids).await?;
    let applied = rows::applied(connection, filings).await?;
    let known = rows::known(connection, filings).await?;
    let mut fold = Fold { filed, known, ..Fold::default() };
    let done: Vec<Done> = filings
        .iter()
        .map(|filing| {
            let is_applied = filing
                .key
                .as_ref()
                .is_some_and(|key| applied.contains(&(filing.report.consumer.clone(), key.clone())));
            if is_applied { fold.succeeded(filing) } else { fold.failed(filing) }
        })
        .collect();
    fold.write(connection).await?;
    Ok(done)
}

/// What reports make of dead letters, until it is written.
#[derive(Default)]
struct Fold<'a> {
    /// How each dead letter stands that has a row, or will have one.
    filed: HashMap<Uuid, Filed>,
    /// Who has told each report.
    known: HashMap<String, Source>,
    letters: HashMap<Uuid, Letter<'a>>,
    /// Reports to be written: the last of each key.
    notes: HashMap<&'a str, &'a Filing<'a>>,
    /// Reports of failures that nobody told before.
    failures: Vec<&'a Filing<'a>>,
    settled: Vec<Uuid>,
}

impl<'a> Fold<'a> {
    /// The event's effect is there: its last run committed and was not heard, or the same event came twice.
    fn succeeded(&mut self, filing: &'a Filing<'a>) -> Done {
        match self.filed.get_mut(&filing.id) {
            Some(filed) if matches!(filed.state, State::New | State::Replaying) => {
                filed.state = State::Replayed;
                self.settled.push(filing.id);
                Done::Applied
            }
            _ => Done::AlreadyApplied,
        }
    }

    fn failed(&mut self, filing: &'a Filing<'a>) -> Done {
        let report = filing.report;
        let is_new = !self.filed.contains_key(&filing.id);
        let attempts = match (self.known.get(&report.key), report.source) {
            (None, _) => {
                let filed = self.filed.entry(filing.id).or_insert(Filed { state: State::New, replays: 0 });
                // Only the latest replay's end is the end of the work on it.
                if filed.state == State::Replaying && filing.replay.count >= filed.replays {
                    filed.state = State::New;
                }
                self.failures.push(filing);
                Some(report.attempts)
            }
            // The worker's own words, after the server's. Without the event's bytes, which the server's report may
            // lack, they are another dead letter's: then only the report has them.
            (Some(Source::Advisory), Source::Verdict) if is_new => None,
            (Some(Source::Advisory), Source::Verdict) => Some(0),
            (Some(_), _) => return Done::AlreadyApplied,
        };
        self.known.insert(report.key.clone(), report.source);
        self.notes.insert(&report.key, filing);
        if let Some(attempts) = attempts {
            let state = self.filed.get(&filing.id).map_or(State::New, |filed| filed.state);
            let letter = self.letters.entry(filing.id).or_insert_with(|| Letter::new(filing, is_new));
            letter.told(filing, attempts, state);
        }
        Done::Applied
    }

    async fn write(self, connection: &mut PgConnection) -> Result<(), Failure> {
        let (new, old): (Vec<_>, Vec<_>) = self.letters.values().partition(|letter| letter.is_new);
        rows::insert_all(connection, &new).await?;
        rows::update_all(connection, &old).await?;
        rows::note_all(connection, self.notes.into_values().collect()).await?;
        rows::fail_items(connection, &self.failures).await?;
        rows::settle_applied(connection, &self.settled).await?;
        let mut pending = Pending::default();
        for filing in self.failures {
            tell(&mut pending, filing)?;
        }
        pending.write(connection).await?;
        Ok(())
    }
}

/// Tells that it was filed. Of one that could not act on such an event nothing is told: that would go round.
fn tell(pending: &mut Pending, filing: &Filing<'_>) -> Result<(), sqlx::Error> {
    let Filing { id, report, envelope, replay, .. } = filing;
    if envelope.event_type.as_deref() == Some(DeadLetterFiledV1::TYPE) {
        return Ok(());
    }
    let filed = DeadLetterFiledV1 {
        dead_letter_id: *id,
        consumer: report.consumer.clone(),
        event_type: envelope.event_type.clone(),
        reason: report.reason.to_string(),
        replays: replay.count,
    };
    let trigger = Trigger::other(format!("{}:{}", report.key, replay.count), report.died_at);
    pending.raise(&trigger, envelope.business, filed)
}

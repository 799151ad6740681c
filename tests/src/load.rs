//! Many calls, and what became of each.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use sqlx::{PgPool, Row as _};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    eventually::SOON,
    twilio::{CALLER, NUMBER, Twilio, call_sid},
};

/// One call that came in.
#[derive(Debug)]
pub struct Attempt {
    /// Its CallSid.
    pub call: String,
    /// How long the answer took.
    pub took: Duration,
    /// Nothing when it was answered with TwiML, else why not.
    pub problem: Option<String>,
}

/// One incoming call.
pub async fn call(twilio: &Twilio) -> Attempt {
    let call = call_sid();
    let began = Instant::now();
    let answered = twilio.incoming(&call, CALLER, NUMBER).await.and_then(|reply| reply.twiml());
    Attempt { call, took: began.elapsed(), problem: answered.err().map(|error| format!("{error:#}")) }
}

/// Lets `count` calls come in, evenly over `span`, whether the former ones are
/// answered or not.
pub async fn evenly(twilio: &Twilio, count: u32, span: Duration) -> Vec<Attempt> {
    let began = tokio::time::Instant::now();
    let mut calls = JoinSet::new();
    for n in 0..count {
        let twilio = twilio.clone();
        let due = began + span * n / count;
        calls.spawn(async move {
            tokio::time::sleep_until(due).await;
            call(&twilio).await
        });
    }
    calls.join_all().await
}

/// Callers that phone again and again until they are told to stop.
#[derive(Debug)]
pub struct Busy {
    stop: Arc<AtomicBool>,
    answered: watch::Sender<usize>,
    callers: JoinSet<Vec<Attempt>>,
}

impl Busy {
    /// `callers` at once, each pausing for `pause` between two calls.
    pub fn start(twilio: &Twilio, callers: usize, pause: Duration) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), watch::Sender::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let (twilio, stop, answered) = (twilio.clone(), Arc::clone(&stop), answered.clone());
            tasks.spawn(async move {
                let mut attempts = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let attempt = call(&twilio).await;
                    answered.send_modify(|count| *count += usize::from(attempt.problem.is_none()));
                    attempts.push(attempt);
                    // The callers' own pace.
                    tokio::time::sleep(pause).await;
                }
                attempts
            });
        }
        Self { stop, answered, callers: tasks }
    }

    /// Waits until so many more calls have been answered.
    pub async fn answers(&self, more: usize) -> anyhow::Result<()> {
        let mut answered = self.answered.subscribe();
        let wanted = *answered.borrow() + more;
        let enough = answered.wait_for(|count| *count >= wanted);
        tokio::time::timeout(SOON, enough).await.with_context(|| format!("no {more} answers"))??;
        Ok(())
    }

    /// Ends the calling and gives back every call.
    pub async fn stop(self) -> Vec<Attempt> {
        self.stop.store(true, Ordering::Relaxed);
        self.callers.join_all().await.into_iter().flatten().collect()
    }
}

/// What the database shows of calls that came in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Calls that were answered with TwiML.
    pub acknowledged: usize,
    /// Of those, the ones without a row.
    pub missing: usize,
    /// Rows of calls.
    pub rows: usize,
    /// Rows of calls that nobody made.
    pub strange: usize,
    /// Calls whose history, audit or processed marks show more or less than one
    /// incoming event.
    pub not_once: usize,
    /// Leads of the one caller beyond the first.
    pub leads_too_many: usize,
}

impl Verdict {
    /// Reads it.
    pub async fn of(pool: &PgPool, attempts: &[Attempt]) -> anyhow::Result<Self> {
        let sql = "SELECT c.call_sid,
                (SELECT count(*) FROM prosaas.call_events e WHERE e.call_sid = c.call_sid),
                (SELECT count(*) FROM prosaas.audit_records a
                  WHERE a.entity_type = 'call' AND a.entity_id = c.call_sid),
                (SELECT count(*) FROM prosaas.processed_events p
                  WHERE p.event_id = 'call.incoming:' || c.call_sid)
            FROM prosaas.calls c";
        let mut verdict = Self::default();
        let mut rows = HashSet::new();
        for row in sqlx::query(sql).fetch_all(pool).await? {
            let counts: [i64; 3] = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
            verdict.not_once += usize::from(counts != [1, 1, 1]);
            rows.insert(row.try_get::<String, _>(0)?);
        }
        let made: HashSet<&str> = attempts.iter().map(|attempt| attempt.call.as_str()).collect();
        let acknowledged = attempts.iter().filter(|attempt| attempt.problem.is_none());
        verdict.acknowledged = acknowledged.clone().count();
        verdict.missing = acknowledged.filter(|attempt| !rows.contains(&attempt.call)).count();
        verdict.rows = rows.len();
        verdict.strange = rows.iter().filter(|call| !made.contains(call.as_str())).count();
        let leads: i64 = sqlx::query_scalar("SELECT count(*) FROM prosaas.leads").fetch_one(pool).await?;
        verdict.leads_too_many = usize::try_from(leads)?.saturating_sub(1);
        Ok(verdict)
    }

    /// Nothing is missing, strange or there twice.
    pub const fn is_sound(&self) -> bool {
        self.missing == 0 && self.strange == 0 && self.not_once == 0 && self.leads_too_many == 0
    }
}

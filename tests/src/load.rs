//! Many calls, and what became of each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::twilio::{CALLER, NUMBER, Twilio, call_sid};

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
    callers: JoinSet<Vec<Attempt>>,
}

impl Busy {
    /// `callers` at once, each pausing for `pause` between two calls.
    pub fn start(twilio: &Twilio, callers: usize, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let (twilio, stop) = (twilio.clone(), Arc::clone(&stop));
            tasks.spawn(async move {
                let mut attempts = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    attempts.push(call(&twilio).await);
                    tokio::time::sleep(pause).await;
                }
                attempts
            });
        }
        Self { stop, callers: tasks }
    }

    /// Ends the calling and gives back every call.
    pub async fn stop(self) -> Vec<Attempt> {
        self.stop.store(true, Ordering::Relaxed);
        self.callers.join_all().await.into_iter().flatten().collect()
    }
}

//! The main measurement: how fast, how evenly and at what cost calls are acknowledged.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::{
    contestant::{Contestant, Running, Surroundings},
    load::{self, Pace, Seen},
    spent::Spent,
    twilio::Template,
};

/// Connections of every window.
pub const CONNECTIONS: usize = 64;
/// Requests a second of the two open-loop windows.
pub const RATES: [u32; 2] = [500, 2_000];

/// Requests of a warm-up, at most.
const WARM_UP: usize = 20_000;

/// How long it measures.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Plan {
    /// Rounds; each runs every contestant once.
    pub rounds: u32,
    /// Seconds of the closed-loop window.
    pub closed_s: u32,
    /// Seconds of each open-loop window.
    pub open_s: u32,
}

/// One contestant under one kind of load.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Window {
    /// Requests answered.
    pub answered: u64,
    /// Requests that were due and got no answer in time.
    pub unanswered: u64,
    /// Answers a second.
    pub per_second: f64,
    /// Half of the requests were answered within this time, ms.
    pub p50_ms: f64,
    /// 99 of 100 were.
    pub p99_ms: f64,
    /// All were.
    pub max_ms: f64,
    /// Processor time of the server's processes for each request, until all of
    /// them were also stored where they belong, µs.
    pub cpu_us: f64,
    /// The same of nats-server.
    pub nats_cpu_us: f64,
    /// Part of the machine's processor time that went to others than the server,
    /// nats-server and the load generator, per cent. With Flask, Postgres's is in it.
    pub others_percent: f64,
    /// Events still in the local log when the last request was answered.
    pub left_in_log: u64,
    /// How long it then took until they all were in the stream, ms.
    pub drain_ms: f64,
}

/// One contestant in one round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Round {
    /// Who.
    pub contestant: Contestant,
    /// As fast as 64 connections go.
    pub closed: Window,
    /// At 500 and at 2,000 requests a second.
    pub open: [Window; 2],
}

/// What the whole measurement gave.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// How long was measured.
    pub plan: Plan,
    /// Every round.
    pub rounds: Vec<Round>,
    /// The most memory that each one's processes ever held, MB.
    pub peak_rss_mb: Vec<(Contestant, f64)>,
}

/// Runs all rounds: A B C D, A B C D, …, so that what changes on the machine
/// meanwhile touches all alike.
pub async fn measure(
    around: &Surroundings<'_>,
    contestants: &[Contestant],
    plan: Plan,
    progress: impl Fn(&str),
) -> anyhow::Result<Outcome> {
    let template = Template::incoming_call(around.sender)?;
    let mut field = Vec::new();
    for contestant in contestants {
        progress(&format!("starting {}", contestant.as_str()));
        let running = contestant.start(around).await?;
        let seen = warm_up(&running, &template)?;
        settle(&running, around, &seen).await?;
        field.push(Lane { running, rate: seen.per_second() });
    }
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        for lane in &field {
            progress(&format!("round {number} of {}: {}", plan.rounds, lane.running.contestant.as_str()));
            rounds.push(lane.round(around, &template, plan).await?);
        }
    }
    let mut peak_rss_mb = Vec::new();
    for lane in field {
        #[expect(clippy::cast_precision_loss, reason = "kilobytes of a process are far below 2^52")]
        let peak = lane.running.process.peak_rss_kb()? as f64 / 1024.0;
        peak_rss_mb.push((lane.running.contestant, peak));
        lane.running.process.stop().await?;
    }
    Ok(Outcome { plan, rounds, peak_rss_mb })
}

/// A contestant, and about how fast it is.
struct Lane {
    running: Running,
    rate: f64,
}

impl Lane {
    async fn round(
        &self,
        around: &Surroundings<'_>,
        template: &Template,
        plan: Plan,
    ) -> anyhow::Result<Round> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive estimate")]
        let enough = (self.rate * f64::from(plan.closed_s) * 3.0) as usize + WARM_UP;
        let closed = Pace::Closed(Duration::from_secs(plan.closed_s.into()));
        let [slow, fast] = RATES;
        Ok(Round {
            contestant: self.running.contestant,
            closed: self.window(around, template, closed, enough).await?,
            open: [
                self.window(around, template, Pace::Open(slow), usize::try_from(slow * plan.open_s)?).await?,
                self.window(around, template, Pace::Open(fast), usize::try_from(fast * plan.open_s)?).await?,
            ],
        })
    }

    async fn window(
        &self,
        around: &Surroundings<'_>,
        template: &Template,
        pace: Pace,
        count: usize,
    ) -> anyhow::Result<Window> {
        let requests = template.sign(count + CONNECTIONS)?;
        let process = &self.running.process;
        let before = Spent::now(process, &around.nats.process)?;
        let address = self.running.address;
        let seen =
            tokio::task::block_in_place(|| load::run(address, template, &requests, pace, CONNECTIONS))?;
        let settled = settle(&self.running, around, &seen).await?;
        let spent = settled.spent.since(&before);
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / seen.all();
        Ok(Window {
            answered: seen.answered.try_into()?,
            unanswered: seen.unanswered.try_into()?,
            per_second: seen.per_second(),
            p50_ms: seen.percentile_ms(50)?,
            p99_ms: seen.percentile_ms(99)?,
            max_ms: seen.percentile_ms(100)?,
            cpu_us: each(spent.server),
            nats_cpu_us: each(spent.nats),
            others_percent: spent.others_percent()?,
            left_in_log: settled.left,
            drain_ms: settled.drain.as_secs_f64() * 1e3,
        })
    }
}

fn warm_up(running: &Running, template: &Template) -> anyhow::Result<Seen> {
    let requests = template.sign(WARM_UP)?;
    let pace = Pace::Closed(Duration::from_secs(1));
    tokio::task::block_in_place(|| load::run(running.address, template, &requests, pace, CONNECTIONS))
        .with_context(|| format!("warming up {}", running.contestant.as_str()))
}

/// What remained to be done after the last answer.
struct Settled {
    left: u64,
    drain: Duration,
    spent: Spent,
}

/// Waits until what was answered is stored where it belongs, proves that all of
/// it is there once, and clears it away.
async fn settle(running: &Running, around: &Surroundings<'_>, seen: &Seen) -> anyhow::Result<Settled> {
    // A request that was given up may still be served, so only windows without any prove something.
    let answered: u64 = (seen.primed + seen.answered).try_into()?;
    let began = Instant::now();
    let mut left = 0;
    match running.contestant {
        Contestant::Prosaas | Contestant::Naive => {
            left = answered.saturating_sub(around.nats.calls().await?);
            if seen.unanswered == 0 {
                around.nats.wait_for_calls(answered).await?;
            }
        }
        Contestant::Flask if seen.unanswered > 0 => tokio::time::sleep(Duration::from_secs(2)).await,
        Contestant::Floor | Contestant::Flask => {}
    }
    let drain = began.elapsed();
    let settled = Settled { left, drain, spent: Spent::now(&running.process, &around.nats.process)? };
    match running.contestant {
        Contestant::Prosaas | Contestant::Naive => around.nats.purge_calls().await?,
        Contestant::Floor => {}
        Contestant::Flask => {
            let rows = around.database.take_calls().await?;
            ensure!(
                rows == answered || seen.unanswered > 0,
                "{rows} rows for {answered} calls that Flask acknowledged"
            );
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(settled)
}

impl Seen {
    #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
    fn count(&self) -> f64 {
        self.answered as f64
    }

    /// Those before the window too: they cost as much.
    #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
    fn all(&self) -> f64 {
        (self.primed + self.answered) as f64
    }

    fn per_second(&self) -> f64 {
        self.count() / self.elapsed.as_secs_f64()
    }

    /// The latency within which so many of a hundred were answered, ms.
    fn percentile_ms(&self, percent: usize) -> anyhow::Result<f64> {
        let rank = (self.latencies.len() * percent).div_ceil(100).saturating_sub(1);
        let latency = self.latencies.get(rank).context("nothing was answered")?;
        Ok(latency.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() -> anyhow::Result<()> {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let seen =
            Seen { primed: 0, answered: 200, unanswered: 0, elapsed: Duration::from_secs(4), latencies };
        assert!((seen.per_second() - 50.0).abs() < 1e-9);
        for (percent, expected) in [(50, 100.0), (99, 198.0), (100, 200.0)] {
            assert!((seen.percentile_ms(percent)? - expected).abs() < 1e-9, "{percent}");
        }
        Ok(())
    }
}

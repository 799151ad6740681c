//! The figures, for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    ack::{self, CONNECTIONS, RATES, Round, Window},
    apply, config_change,
    contestant::Contestant,
    crm, dead_letters,
    machine::Machine,
};

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// On what.
    pub machine: Machine,
    /// On which Postgres.
    pub postgres: String,
    /// Acknowledging calls.
    pub ack: Option<ack::Outcome>,
    /// Changing how they are answered.
    pub config_change: Option<config_change::Outcome>,
    /// Reading a large CRM.
    pub crm: Option<crm::Outcome>,
    /// Finding what failed.
    pub dead_letters: Option<dead_letters::Outcome>,
    /// Applying events.
    pub apply: Option<apply::Outcome>,
}

/// What our webhook is to reach.
const ACKS_PER_SECOND: f64 = 15_000.0;
const TIMES_NAIVE: f64 = 3.0;
const TIMES_FLASK: f64 = 10.0;
const P99_MS: f64 = 3.0;
const RSS_MB: f64 = 48.0;
const CHANGE_MS: f64 = 1_000.0;
const LIVE_P99_MS: f64 = 100.0;
/// What the workers are to reach of the floor; below the least the run is void.
const OF_FLOOR: f64 = 0.4;
const LEAST_FLOOR: f64 = 10_000.0;
const WORKERS_RSS_MB: f64 = 120.0;
/// A domain event is in `EVENTS` so soon, milliseconds.
const TOLD_P99_MS: f64 = 50.0;

/// What others may use of the processors before the figures are called disturbed:
/// the kernel's own work for the disk and the network counts here too.
const QUIET_PERCENT: f64 = 10.0;

impl Report {
    /// The report as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let machine = &self.machine;
        let _ = writeln!(
            text,
            "{} x {}, Linux {}, fdatasync of 4 kB p50 {:.2} ms p99 {:.2} ms\n{}",
            machine.processors,
            machine.model,
            machine.kernel,
            machine.fdatasync_p50_ms,
            machine.fdatasync_p99_ms,
            self.postgres
        );
        if let Some(outcome) = &self.ack {
            ack_text(&mut text, outcome);
        }
        if let Some(outcome) = &self.config_change {
            config_text(&mut text, outcome);
        }
        if let Some(outcome) = &self.crm {
            crm_text(&mut text, outcome);
        }
        if let Some(outcome) = &self.dead_letters {
            dead_letters_text(&mut text, outcome);
        }
        if let Some(outcome) = &self.apply {
            apply_text(&mut text, outcome);
        }
        text
    }
}

/// The medians of one contestant's rounds.
struct Medians<'a> {
    contestant: Contestant,
    outcome: &'a ack::Outcome,
}

impl Medians<'_> {
    fn of(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        let rounds = self.outcome.rounds.iter().filter(|round| round.contestant == self.contestant);
        median(rounds.map(figure).collect())
    }

    fn acks(&self) -> f64 {
        self.of(|round| round.closed.per_second)
    }

    fn rss(&self) -> f64 {
        let found = self.outcome.peak_rss_mb.iter().find(|(contestant, _)| *contestant == self.contestant);
        found.map_or(f64::NAN, |(_, megabytes)| *megabytes)
    }

    /// p50 and p99 at one rate, or that it was too much.
    fn latency(&self, window: fn(&Round) -> &Window) -> String {
        let missed = self.of(|round| f64::from(u8::from(window(round).unanswered > 0)));
        let more = if missed > 0.0 { " and unanswered" } else { "" };
        format!("{:.2} / {:.2}{more}", self.of(|r| window(r).p50_ms), self.of(|r| window(r).p99_ms))
    }
}

fn ack_text(text: &mut String, outcome: &ack::Outcome) {
    let plan = outcome.plan;
    let [slow, fast] = RATES;
    let _ = writeln!(
        text,
        "\nAcknowledging calls: medians of {} rounds, {CONNECTIONS} connections; closed loop {} s, open loop {} s",
        plan.rounds, plan.closed_s, plan.open_s
    );
    let all: Vec<_> = outcome
        .peak_rss_mb
        .iter()
        .map(|(contestant, _)| Medians { contestant: *contestant, outcome })
        .collect();
    let ours = all.iter().find(|m| m.contestant == Contestant::Prosaas).map_or(f64::NAN, Medians::acks);
    let _ = writeln!(
        text,
        "{:<8} {:>9} {:>7}  {:>19}  {:>19}  {:>13} {:>13}  {:>8}",
        "",
        "acks/s",
        "ours is",
        format!("p50/p99 ms {slow}/s"),
        format!("p50/p99 ms {fast}/s"),
        "CPU us/req",
        "with NATS",
        "RSS MB"
    );
    for m in &all {
        let cpu = format!("{:.0} / {:.0}", m.of(|r| r.closed.cpu_us), m.of(|r| r.open[1].cpu_us));
        let with_nats = format!(
            "{:.0} / {:.0}",
            m.of(|r| r.closed.cpu_us + r.closed.nats_cpu_us),
            m.of(|r| r.open[1].cpu_us + r.open[1].nats_cpu_us)
        );
        let _ = writeln!(
            text,
            "{:<8} {:>9.0} {:>6.2}x  {:>19}  {:>19}  {cpu:>13} {with_nats:>13}  {:>8.1}",
            m.contestant.as_str(),
            m.acks(),
            ours / m.acks(),
            m.latency(|r| &r.open[0]),
            m.latency(|r| &r.open[1]),
            m.rss(),
        );
    }
    let _ = writeln!(
        text,
        "CPU: closed loop / {fast} a second; of the server's processes, and with nats-server's (Postgres's is not counted)"
    );
    for m in &all {
        let _ = writeln!(text, "  {:<8} {}", m.contestant.as_str(), m.contestant.description());
    }
    disturbance(text, &all);
    aims(text, &all, outcome);
}

/// How much of the machine others used meanwhile. Flask's windows say nothing of
/// it, because Postgres would count as another.
fn disturbance(text: &mut String, all: &[Medians<'_>]) {
    let shares = all.iter().filter(|m| m.contestant != Contestant::Flask).map(|m| {
        let worst =
            |r: &Round| r.open.iter().map(|w| w.others_percent).fold(r.closed.others_percent, f64::max);
        m.of(worst)
    });
    let share = shares.fold(0.0, f64::max);
    if share > QUIET_PERCENT {
        let _ = writeln!(
            text,
            "\nDISTURBED: other work used up to {share:.0} % of the processors meanwhile. Figures of a busy machine prove nothing."
        );
    }
}

/// Whether the pump kept up, and the aims.
fn aims(text: &mut String, all: &[Medians<'_>], outcome: &ack::Outcome) {
    let Some(ours) = all.iter().find(|m| m.contestant == Contestant::Prosaas) else { return };
    let windows: Vec<_> = outcome.rounds.iter().filter(|r| r.contestant == Contestant::Prosaas).collect();
    let worst = windows.iter().map(|r| r.closed.left_in_log).max().unwrap_or_default();
    let sustained = ours.of(|r| {
        let answered = r.closed.per_second;
        let seconds = f64::from(u32::try_from(r.closed.answered).unwrap_or(u32::MAX)) / answered;
        answered * seconds / (seconds + r.closed.drain_ms / 1e3)
    });
    let _ = writeln!(
        text,
        "\nThe pump: {:.0} events left in the log when a closed-loop window ended (at most {worst}), empty {:.0} ms later;\n\
         counted until then {sustained:.0} acks/s. Every acknowledged event was in the stream, once.",
        ours.of(|r| f64::from(u32::try_from(r.closed.left_in_log).unwrap_or(u32::MAX))),
        ours.of(|r| r.closed.drain_ms),
    );
    let _ = writeln!(text, "\nAims");
    let mut aim = |what: &str, value: f64, bound: f64, at_least: bool| {
        let met = if at_least { value >= bound } else { value < bound };
        let (sign, word) = (if at_least { ">=" } else { "<" }, if met { "met" } else { "NOT MET" });
        let _ = writeln!(text, "  {word:<8} {what:<24} {value:>9.2} {sign} {bound}");
    };
    aim("acks/s", sustained, ACKS_PER_SECOND, true);
    for (peer, times) in [(Contestant::Naive, TIMES_NAIVE), (Contestant::Flask, TIMES_FLASK)] {
        if let Some(peer) = all.iter().find(|m| m.contestant == peer) {
            aim(&format!("times {}", peer.contestant.as_str()), sustained / peer.acks(), times, true);
        }
    }
    aim("p99 at 500/s, ms", ours.of(|r| r.open[0].p99_ms), P99_MS, false);
    aim("RSS, MB", ours.rss(), RSS_MB, false);
}

fn dead_letters_text(text: &mut String, outcome: &dead_letters::Outcome) {
    let letters = outcome.letters;
    let _ = writeln!(text, "\n{letters} dead letters, ms{:>22}{:>10}", "p50", "p95");
    for read in &outcome.reads {
        let _ = writeln!(text, "  {:<36}{:>8.1}{:>10.1}", read.name, read.p50_ms, read.p95_ms);
    }
    let events = i32::try_from(letters).map_or(f64::NAN, f64::from);
    let _ = writeln!(
        text,
        "All of them run again through the workers, each with its effect once: {:.0} s, {:.0} events/s",
        outcome.replayed_s,
        events / outcome.replayed_s
    );
}

fn config_text(text: &mut String, outcome: &config_change::Outcome) {
    let heard = &outcome.heard_ms;
    let (p50, max) = (median(heard.clone()), heard.last().copied().unwrap_or(f64::NAN));
    let word = if max < CHANGE_MS { "met" } else { "NOT MET" };
    let _ = writeln!(
        text,
        "\nA change of call configuration, from the command to what a caller hears: {} changes, p50 {p50:.0} ms, max {max:.0} ms\n  {word:<8} under a second",
        heard.len()
    );
}

fn crm_text(text: &mut String, outcome: &crm::Outcome) {
    let plan = outcome.plan;
    let _ = writeln!(
        text,
        "\nA CRM of {} leads and {} calls in one of 100 businesses, written in {:.0} s; {} requests each, one after the other",
        plan.leads, plan.calls, outcome.filled_s, plan.requests
    );
    for (kind, times) in &outcome.reads_ms {
        let (p50, p95) = (quantile(times, 50), quantile(times, 95));
        let _ = writeln!(text, "  {kind:<26} p50 {p50:>7.1} ms  p95 {p95:>7.1} ms");
    }
    let (p50, p99) = (quantile(&outcome.live_ms, 50), quantile(&outcome.live_ms, 99));
    let word = if p99 < LIVE_P99_MS { "met" } else { "NOT MET" };
    let _ = writeln!(
        text,
        "A change on the screen, after its commit: {} changes, p50 {p50:.1} ms, p99 {p99:.1} ms\n  {word:<8} p99 under {LIVE_P99_MS:.0} ms",
        plan.changes
    );
}

fn apply_text(text: &mut String, outcome: &apply::Outcome) {
    let apply::Outcome {
        calls,
        per_second,
        meanwhile_per_second,
        floor_per_second,
        alone_ms,
        told_ms,
        peak_rss_mb,
    } = outcome;
    let ratio = per_second / floor_per_second;
    let met = |is: bool| if is { "met" } else { "NOT MET" };
    let void = if *floor_per_second < LEAST_FLOOR { "  VOID: the floor is too low\n" } else { "" };
    let (p50, p99) = (quantile(alone_ms, 50), quantile(alone_ms, 99));
    let (told_p50, told_p99) = (quantile(told_ms, 50), quantile(told_ms, 99));
    let _ = writeln!(
        text,
        "\nApplying {calls} calls with three statuses each, from a full stream\n{void}  \
         workers {per_second:>8.0} events/s   floor {floor_per_second:>8.0} events/s   {ratio:.2} of the floor\n  \
         workers {meanwhile_per_second:>8.0} events/s while the stream is being filled\n  \
         one call alone, from the stream to its row: p50 {p50:.1} ms, p99 {p99:.1} ms\n  \
         a domain event at 500 events/s, from the transaction's beginning to EVENTS: p50 {told_p50:.1} ms, p99 {told_p99:.1} ms\n  \
         the workers' memory at most {peak_rss_mb:.0} MB\n  \
         {:<8} {:.0} % of the floor\n  {:<8} EVENTS p99 under {TOLD_P99_MS:.0} ms\n  {:<8} memory under {WORKERS_RSS_MB:.0} MB",
        met(ratio >= OF_FLOOR),
        OF_FLOOR * 100.0,
        met(told_p99 < TOLD_P99_MS),
        met(*peak_rss_mb < WORKERS_RSS_MB)
    );
}

/// The value that so many percent of sorted ones do not exceed.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match (values.len() % 2, half.checked_sub(1).and_then(|low| values.get(low)), values.get(half)) {
        (1, _, Some(middle)) => *middle,
        (0, Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }
}

//! The load generator: one thread, one epoll, kept-alive connections.
//!
//! It shares the processors with what it measures, so it does as little as it
//! can: requests are signed ahead, and a response is only framed and compared.

mod connection;
mod framing;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::event::{Timespec, epoll};

pub use self::connection::Connection;
use crate::twilio::{Template, Varying};

/// How long outstanding answers are waited for after the last request was due.
const GRACE: Duration = Duration::from_secs(3);

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// The next one on a connection as soon as the last one was answered, for this long.
    Closed(Duration),
    /// So many a second, whatever comes back. A request's latency counts from when
    /// it was due, also where no connection was free at that moment: otherwise a
    /// server that stalls would be asked less and look better (coordinated omission).
    Open(u32),
}

/// What one window saw.
#[derive(Debug)]
pub struct Seen {
    /// Requests answered with TwiML before the window, one on each connection.
    pub primed: usize,
    /// Requests answered with TwiML in the window.
    pub answered: usize,
    /// Requests that were due and not answered in time.
    pub unanswered: usize,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Each answer's latency, sorted.
    pub latencies: Vec<Duration>,
}

/// Sends `requests` at `pace` over `connections` connections, after one on each of
/// them that is not counted: a proxy, too, opens connections only to use them at
/// once, and gunicorn's threads wait for the first request of those that it has accepted.
pub fn run(
    server: SocketAddr,
    template: &Template,
    requests: &[Varying],
    pace: Pace,
    connections: usize,
) -> anyhow::Result<Seen> {
    let (first, counted) = requests.split_at_checked(connections).context("too few requests were signed")?;
    Generator::open(server, template, first)?.run(counted, pace)
}

struct Generator<'a> {
    template: &'a Template,
    connections: Vec<Connection>,
    idle: Vec<usize>,
    epoll: rustix::fd::OwnedFd,
}

impl<'a> Generator<'a> {
    fn open(server: SocketAddr, template: &'a Template, first: &[Varying]) -> anyhow::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(first.len());
        for (number, varying) in first.iter().enumerate() {
            let mut connection = Connection::open(server, template)?;
            connection.ask(template, varying, GRACE)?;
            let data = epoll::EventData::new_u64(u64::try_from(number)?);
            epoll::add(&epoll, connection.socket(), data, epoll::EventFlags::IN)?;
            connections.push(connection);
        }
        Ok(Self { template, connections, idle: (0..first.len()).rev().collect(), epoll })
    }

    fn run(mut self, requests: &[Varying], pace: Pace) -> anyhow::Result<Seen> {
        let start = Instant::now();
        let mut waiting = requests.iter().enumerate().peekable();
        let mut latencies = Vec::with_capacity(requests.len());
        let mut events = Vec::with_capacity(self.connections.len());
        let mut last_answer = start;
        let give_up = start + pace.length(requests.len()) + GRACE;
        let mut sent = 0;
        loop {
            let mut now = Instant::now();
            while let Some(due) = waiting.peek().and_then(|(number, _)| pace.due(start, *number, now))
                && due <= now
                && let Some(idle) = self.idle.pop()
                && let Some((_, varying)) = waiting.next()
            {
                let connection = self.connections.get_mut(idle).context("no such connection")?;
                connection.send(self.template, varying, due)?;
                sent += 1;
                now = Instant::now();
            }
            let next = waiting.peek().and_then(|(number, _)| pace.due(start, *number, now));
            if (next.is_none() && latencies.len() == sent) || now > give_up {
                break;
            }
            self.wait(&mut events, next.filter(|_| !self.idle.is_empty()), now)?;
            for event in &events {
                let number = usize::try_from(event.data.u64())?;
                let connection = self.connections.get_mut(number).context("no such connection")?;
                if let Some(since) = connection.receive()? {
                    last_answer = Instant::now();
                    latencies.push(last_answer.duration_since(since));
                    self.idle.push(number);
                }
            }
        }
        latencies.sort_unstable();
        let due = if let Pace::Open(_) = pace { requests.len() } else { sent };
        Ok(Seen {
            primed: self.connections.len(),
            answered: latencies.len(),
            unanswered: due - latencies.len(),
            elapsed: last_answer.duration_since(start),
            latencies,
        })
    }

    /// Waits for answers, at most until the next request is due.
    fn wait(
        &self,
        events: &mut Vec<epoll::Event>,
        until: Option<Instant>,
        now: Instant,
    ) -> anyhow::Result<()> {
        let at_most = until.map_or(GRACE, |due| due.saturating_duration_since(now));
        let timeout = Timespec::try_from(at_most)?;
        events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Pace {
    /// When a request is due; `None` when none is any more.
    fn due(self, start: Instant, number: usize, now: Instant) -> Option<Instant> {
        match self {
            Self::Closed(window) => (now < start + window).then_some(now),
            Self::Open(rate) => {
                let number = u32::try_from(number).ok()?;
                Some(start + Duration::from_secs(1).saturating_mul(number) / rate)
            }
        }
    }

    fn length(self, requests: usize) -> Duration {
        match self {
            Self::Closed(window) => window,
            Self::Open(rate) => {
                Duration::from_secs(1).saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX)) / rate
            }
        }
    }
}

//! One listener's stream.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::response::sse::Event;
use prosaas_domain::{
    ids::BusinessId,
    rights::{Right, Role},
};
use prosaas_events::subjects::LiveKind;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, Interval, MissedTickBehavior},
};

use crate::{
    http::session::{self, Session},
    services::live::{
        hub::News,
        ring::{Entry, Last, Position},
        slots::Slot,
    },
    state::App,
};

/// How often a listener hears that the connection lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a session that has ended can go unnoticed.
const RECHECK: Duration = Duration::from_secs(25);

/// How soon a listener that lost the connection tries again.
const RETRY: Duration = Duration::from_secs(2);

/// How long a listener that comes again waits for what it has missed, right after a
/// start of the ingress.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Whose updates somebody hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// One business's.
    Business(BusinessId),
    /// All, and the system's own.
    Everything,
}

impl Audience {
    /// Whether somebody of this role hears of it.
    fn hears(self, entry: &Entry, role: Role) -> bool {
        let within = match self {
            Self::Everything => true,
            Self::Business(business) => entry.business == Some(business),
        };
        let right = match entry.update.kind {
            LiveKind::Lead
            | LiveKind::Call
            | LiveKind::Recording
            | LiveKind::Business
            | LiveKind::Operation => Right::ReadCrm,
            LiveKind::Whatsapp => Right::ReadWhatsapp,
            LiveKind::User => Right::ReadPeople,
            LiveKind::DeadLetter | LiveKind::Replay | LiveKind::Worker => Right::Administer,
        };
        within && right.of(role)
    }
}

/// The stream of one listener. It holds at most what its receiver holds: one that reads
/// too slowly is told to read everything again.
pub(super) struct Feed {
    app: App,
    session: Session,
    audience: Audience,
    news: Receiver<News>,
    position: Position,
    waiting: VecDeque<Event>,
    heartbeat: Interval,
    recheck: Interval,
    ended: bool,
    _slot: Slot,
}

impl Feed {
    /// Begins.
    pub(super) async fn open(app: App, session: Session, audience: Audience, slot: Slot, last: Last) -> Self {
        if last != Last::New {
            app.api.live.caught_up(CATCH_UP).await;
        }
        let subscription = app.api.live.subscribe(last);
        let mut feed = Self {
            app,
            session,
            audience,
            news: subscription.news,
            position: subscription.head,
            waiting: VecDeque::new(),
            heartbeat: every(HEARTBEAT),
            recheck: every(RECHECK),
            ended: false,
            _slot: slot,
        };
        match subscription.missed {
            Some(missed) => {
                let missed: Vec<_> = missed.iter().filter_map(|entry| feed.told(entry)).collect();
                feed.waiting.extend(missed);
                feed.waiting.push_back(told("ready", feed.position).retry(RETRY));
            }
            None => feed.waiting.push_back(told("reset", feed.position).retry(RETRY)),
        }
        feed
    }

    /// The next event; none when the stream ends.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            tokio::select! {
                () = self.app.api.live.closed() => return None,
                news = self.news.recv() => self.hear(news).await,
                _ = self.recheck.tick() => self.check().await,
                _ = self.heartbeat.tick() => self.waiting.push_back(Event::default().event("heartbeat").data("{}")),
            }
        }
    }

    async fn hear(&mut self, news: Result<News, RecvError>) {
        match news {
            Ok(News::Update(entry)) => {
                let told = self.told(&entry);
                if entry.position.epoch == self.position.epoch
                    && entry.position.sequence > self.position.sequence
                {
                    self.position = entry.position;
                    self.waiting.extend(told);
                    if self.concerns(&entry) {
                        self.check().await;
                    }
                }
            }
            // What is still in the receiver lies behind the head: it is left out by its number.
            Ok(News::Reset) | Err(RecvError::Lagged(_)) => {
                self.position = self.app.api.live.head();
                self.waiting.push_back(told("reset", self.position));
            }
            Err(RecvError::Closed) => self.ended = true,
        }
    }

    fn told(&self, entry: &Arc<Entry>) -> Option<Event> {
        self.audience
            .hears(entry, self.session.role)
            .then(|| Event::default().event("update").id(entry.position.to_string()).data(&entry.json))
    }

    /// Whether the session itself may have ended with it.
    fn concerns(&self, entry: &Entry) -> bool {
        let id = &entry.update.id;
        match entry.update.kind {
            LiveKind::User => *id == self.session.user_id.to_string(),
            LiveKind::Business => {
                self.session.business_id.is_some_and(|business| *id == business.to_string())
            }
            _ => false,
        }
    }

    /// Ends the stream with its session. While Postgres is away nobody can tell, and
    /// the stream goes on.
    async fn check(&mut self) {
        match session::still_lives(&self.app.api.database, &self.session).await {
            Ok(true) | Err(_) => {}
            Ok(false) => {
                self.waiting.push_back(Event::default().event("end").data(r#"{"reason":"session"}"#));
                self.ended = true;
            }
        }
    }
}

fn told(event: &str, position: Position) -> Event {
    Event::default().event(event).id(position.to_string()).data("{}")
}

fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

//! Waiting for a session to come somewhere: the worker tells each change, and the row is
//! looked at besides.

use std::time::Duration;

use futures_util::StreamExt as _;
use prosaas_domain::ids::BusinessId;
use prosaas_events::subjects::{LiveKind, live};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::{
    answer::Refused,
    stored::{self, Stored},
};
use crate::{
    http::problem::Problem,
    request::{command::Accepted, operation::OperationState},
    state::App,
};

/// How often the row is looked at while no change is told.
const POLL: Duration = Duration::from_secs(1);

/// How long NATS may take to note a subscription; without it the row is polled for.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_millis(500);

/// Changes of a business's sessions, from before a command is kept.
pub struct Watch {
    business: BusinessId,
    updates: Option<async_nats::Subscriber>,
    poll: Interval,
    deadline: Instant,
    applied: bool,
    last: Option<Stored>,
}

impl Watch {
    /// Listens from now on, for so long.
    pub async fn begin(app: &App, business: BusinessId, limit: Duration) -> Self {
        let subject = live(Some(business), LiveKind::Whatsapp, "*");
        let asked = tokio::time::timeout(SUBSCRIBE_TIMEOUT, app.api.nats.subscribe(subject)).await;
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let updates = asked.ok().and_then(Result::ok);
        Self { business, updates, poll, deadline: Instant::now() + limit, applied: false, last: None }
    }

    /// The session, once the worker has applied the command: at once, and then after each
    /// change, or when one may have been missed.
    pub async fn next(&mut self, app: &App, command: &Accepted) -> Result<Stored, Late> {
        loop {
            tokio::select! {
                told = next(&mut self.updates) => if !told { self.updates = None },
                _ = self.poll.tick() => {}
                () = tokio::time::sleep_until(self.deadline) => return Err(Late::Over(self.last.take().map(Box::new))),
            }
            // Postgres being away is no reason to stop waiting: the command is kept.
            if !self.applied
                && let Ok(Some(ended)) = command.ended(app).await
            {
                if ended.state == OperationState::Failed {
                    let problem = ended.problem.unwrap_or_else(Problem::internal);
                    return Err(Late::Refused(problem.into()));
                }
                self.applied = true;
            }
            if self.applied
                && let Ok(Some(stored)) = stored::find(&app.api.database, self.business).await
            {
                self.last = Some(stored.clone());
                return Ok(stored);
            }
        }
    }
}

/// Why there is nothing more to look at.
pub enum Late {
    /// The command, or what came of it, is refused.
    Refused(Refused),
    /// The time is over; as the session stood last, where the command was applied.
    Over(Option<Box<Stored>>),
}

/// False: nothing more will come.
async fn next(updates: &mut Option<async_nats::Subscriber>) -> bool {
    match updates.as_mut() {
        Some(updates) => updates.next().await.is_some(),
        None => std::future::pending().await,
    }
}

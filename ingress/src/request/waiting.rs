//! Waiting for the outcome of a command (`Prefer: wait`).

use std::time::Duration;

use futures_util::StreamExt as _;
use prosaas_domain::ids::{BusinessId, OperationId};
use prosaas_events::subjects::{LiveKind, live};
use tokio::time::{Instant, MissedTickBehavior};

use super::operation::{self, Operation};
use crate::{http::prefer::Wait, state::App};

/// How often an operation's row is looked for while its notice does not come.
const POLL: Duration = Duration::from_secs(1);

/// How long NATS may take to note a subscription; without it the row is polled for.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_millis(500);

/// Listens for the notice that the operation has ended.
pub(super) async fn subscribe(
    app: &App,
    business: Option<BusinessId>,
    operation: OperationId,
) -> Option<async_nats::Subscriber> {
    let subject = live(business, LiveKind::Operation, operation);
    tokio::time::timeout(SUBSCRIBE_TIMEOUT, app.api.nats.subscribe(subject)).await.ok()?.ok()
}

/// Looks for the operation's row until it is there or the time is over. Postgres
/// being away is no reason to stop waiting: the command is accepted.
pub(super) async fn wait_for(
    app: &App,
    pending: Operation,
    id: OperationId,
    mut notice: Option<async_nats::Subscriber>,
    wait: Wait,
) -> Operation {
    let deadline = Instant::now() + wait.duration();
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let noticed = async {
            match notice.as_mut() {
                Some(notice) => notice.next().await.is_some(),
                None => std::future::pending().await,
            }
        };
        let open = tokio::select! {
            open = noticed => open,
            _ = poll.tick() => true,
            () = tokio::time::sleep_until(deadline) => return pending,
        };
        if !open {
            notice = None;
        }
        if let Ok(Some(operation)) = operation::outcome(&app.api.database, id, &pending.id).await {
            return operation;
        }
    }
}

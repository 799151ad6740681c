//! What goes out and cannot be taken back: text messages. Twilio takes no key by which it would know a second request
//! as the first, so the rule is *at most once*:
//!
//! 1. Whoever wants a message writes a row in their own transaction ([`want()`]); one row for one cause.
//! 2. An attempt is a row, committed before the request leaves (`claim`). Its id stands in the address of the
//!    message's status callbacks.
//! 3. What Twilio certainly took or refused ends it (`settle`). What it certainly did not take is tried again until the
//!    row expires.
//! 4. Where nobody knows (no answer, or our process died) Twilio is asked whether it has such a message (`ask`). Found,
//!    it is the attempt's; not found, it proves nothing: a person gets a task, and nothing is sent again.
//!
//! No attempt begins for what has expired, nor while an operator's switch stands ([`stops`]).

mod ask;
mod attempt;
mod claim;
mod settle;
pub mod stops;
mod want;

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use self::attempt::{AT_ONCE, Attempt};
pub use self::{
    settle::OUTCOMES,
    want::{MAX_AGE, Wanted, want},
};
use crate::{
    runtime::Cause,
    twilio::{Twilio, message::NewMessage},
};

/// How often the table is looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// Sends what is wanted.
#[derive(Debug, Clone)]
pub struct Outward {
    /// The database.
    pub pool: PgPool,
    /// Twilio.
    pub twilio: Twilio,
    /// `PUBLIC_URL`: where Twilio reports.
    pub public_url: Url,
}

impl Outward {
    /// Sends and asks, now and then, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.sweep().await {
                tracing::warn!(event = "outward.waits", %error, "what goes out waits");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Makes what is due: gives up what has expired, sends, and asks after what nobody knows.
    pub async fn sweep(&self) -> Result<(), Cause> {
        settle::expire(&self.pool).await?;
        let attempts = claim::attempts(&self.pool, AT_ONCE).await?;
        let sent = join_all(attempts.iter().map(|attempt| self.attempt(attempt))).await;
        let asked = self.ask().await;
        sent.into_iter().collect::<Result<(), Cause>>()?;
        asked
    }

    /// The address of an attempt's status callbacks.
    fn callback(&self, attempt: Uuid) -> Url {
        let mut url = self.public_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["webhook", "message_status"]);
        }
        url.query_pairs_mut().append_pair("message", &attempt.to_string());
        url
    }

    async fn attempt(&self, attempt: &Attempt) -> Result<(), Cause> {
        let status_callback = self.callback(attempt.id);
        let message = NewMessage {
            sender: &attempt.sender,
            to: &attempt.to,
            body: &attempt.body,
            status_callback: &status_callback,
        };
        let sent = self.twilio.send_message(message).await;
        settle::settle(&self.pool, attempt, &sent).await
    }
}

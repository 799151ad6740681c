//! A call whose last status never came: Twilio is asked how it ended, and what it says travels as an event like every
//! status. What Twilio does not know is said, too, so that somebody calls back.

use std::{collections::VecDeque, time::Duration};

use async_nats::{HeaderMap, header::NATS_MESSAGE_ID, jetstream};
use chrono::{DateTime, Utc};
use prosaas_domain::ids::{BusinessId, CallSid};
use prosaas_events::{
    CloudEvent, EventData, EventId, StatusOrder,
    call::{CallStatus, CallStatusV1, CallUnknownV1},
    subjects::Subject,
};
use prosaas_platform::clock::SharedClock;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    runtime::Cause,
    twilio::{CallResource, Twilio, client::FetchError},
};

/// How often calls are looked for.
const PERIOD: Duration = Duration::from_mins(1);

/// Calls that are asked after in one look: as many requests, one after the other.
const AT_ONCE: i64 = 20;

/// What asks.
#[derive(Clone)]
pub struct LastStatus {
    /// The database.
    pub pool: PgPool,
    /// Where events are published.
    pub context: jetstream::Context,
    /// Twilio.
    pub twilio: Twilio,
    /// When an event is made.
    pub clock: SharedClock,
}

/// A call of which nothing was heard for long.
struct Silent {
    call: CallSid,
    business: Option<Uuid>,
    /// How often it was asked after, this time included.
    asks: i16,
    /// Longer than Twilio lets any call last.
    overdue: bool,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It had ended.
    Ended,
    /// It goes on, or Twilio may yet know it.
    GoesOn,
    /// Nobody knows how it ended.
    Unknown,
    /// Twilio's answer makes no sense.
    Failed,
}

impl Asked {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Ended, Self::GoesOn, Self::Unknown, Self::Failed];

    /// The label of the metric.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::GoesOn => "goes_on",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

impl LastStatus {
    /// Asks, now and then, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                swept = self.sweep() => if let Err(error) = swept {
                    tracing::warn!(event = "call.not_asked_after", %error, "Twilio is asked again in a minute");
                },
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Asks after what is due; returns how many events that made. Whoever cannot be reached for one call cannot be for
    /// the others: they are due again as if nobody had taken them, and behind them the one that it was seen with.
    pub async fn sweep(&self) -> Result<usize, Cause> {
        let mut told = 0;
        let mut due = VecDeque::from(self.claim().await?);
        while let Some(silent) = due.front() {
            let asked = match self.ask(silent).await {
                Ok(asked) => asked,
                Err(error) => {
                    self.give_back(due.iter().map(|silent| silent.call.as_str().to_owned()).collect())
                        .await?;
                    return Err(error);
                }
            };
            metrics::counter!("prosaas_call_asks_total", "outcome" => asked.as_str()).increment(1);
            told += usize::from(matches!(asked, Asked::Ended | Asked::Unknown));
            due.pop_front();
        }
        Ok(told)
    }

    /// Takes some that are due: nothing was heard of them for ten minutes, and then for twice as long after each
    /// question, a day at most. A call may last for hours, and asking costs little. What is older than three days is
    /// history: nobody calls back for it.
    async fn claim(&self) -> Result<Vec<Silent>, Cause> {
        let rows = sqlx::query!(
            r#"UPDATE prosaas.calls
               SET status_asks = least(status_asks, 1000) + 1,
                   status_ask_after = now() + least(interval '10 minutes' * 2 ^ least(status_asks, 8), interval '1 day')
               WHERE call_sid IN (
                   SELECT call_sid FROM prosaas.calls
                   WHERE ended_at IS NULL AND NOT unknown AND NOT forwarded_leg
                     AND updated_at < now() - interval '10 minutes' AND started_at > now() - interval '3 days'
                     AND (status_ask_after IS NULL OR status_ask_after <= now())
                   ORDER BY status_ask_after NULLS FIRST, updated_at LIMIT $1
                   FOR UPDATE SKIP LOCKED
               )
               RETURNING call_sid, business_id, status_asks,
                         started_at < now() - interval '25 hours' AS "overdue!""#,
            AT_ONCE
        )
        .fetch_all(&self.pool)
        .await?;
        let silent = rows.into_iter().map(|row| {
            let call = row.call_sid.parse()?;
            Ok(Silent { call, business: row.business_id, asks: row.status_asks, overdue: row.overdue })
        });
        silent.collect()
    }

    async fn give_back(&self, calls: Vec<String>) -> Result<(), Cause> {
        sqlx::query!(
            "UPDATE prosaas.calls
             SET status_asks = greatest(status_asks - 1, 0),
                 status_ask_after = now() + CASE call_sid WHEN $2 THEN interval '5 minutes' ELSE interval '1 minute' END
             WHERE call_sid = ANY ($1)",
            &calls,
            calls.first().map_or("", String::as_str)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Asks after one. One 404 proves little: it is asked after again before anybody is told.
    async fn ask(&self, silent: &Silent) -> Result<Asked, Cause> {
        let call = &silent.call;
        match self.twilio.call(call).await {
            Ok(resource) => match CallStatus::parse(&resource.status).filter(|status| status.is_terminal()) {
                Some(status) => {
                    tracing::info!(event = "call.asked_after", call_sid = %call, status = status.as_str());
                    let id = EventId::call_status(call, status, StatusOrder::Asked);
                    self.publish(Subject::call_status(call), silent, id, event(resource, self, call, status))
                        .await?;
                    Ok(Asked::Ended)
                }
                None if silent.overdue => self.unknown(silent).await,
                None => Ok(Asked::GoesOn),
            },
            Err(FetchError::NotThere) if silent.asks > 1 => self.unknown(silent).await,
            Err(FetchError::NotThere) => Ok(Asked::GoesOn),
            Err(error @ (FetchError::Unreadable(_) | FetchError::TooLarge(_))) => {
                tracing::warn!(event = "call.not_asked_after", call_sid = %call, %error, "it is asked after again");
                Ok(Asked::Failed)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn unknown(&self, silent: &Silent) -> Result<Asked, Cause> {
        let call = &silent.call;
        tracing::warn!(event = "call.unknown", call_sid = %call, "Twilio does not know how it ended");
        let data = CallUnknownV1 { call_sid: call.clone() };
        self.publish(Subject::call_unknown(call), silent, EventId::call_unknown(call), data).await?;
        Ok(Asked::Unknown)
    }

    async fn publish<T: EventData>(
        &self,
        subject: Subject,
        silent: &Silent,
        id: EventId,
        data: T,
    ) -> Result<(), Cause> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id.as_str());
        let source = format!("/twilio/{}", self.twilio.api.account);
        let mut event = CloudEvent::new(id, source, silent.call.to_string(), self.clock.now(), data);
        event.businessid = silent.business.map(BusinessId);
        let payload = event.encode()?.into();
        self.context.publish_with_headers(subject.into_string(), headers, payload).await?.await?;
        Ok(())
    }
}

/// What Twilio says, as it would have reported it.
fn event(resource: CallResource, asked: &LastStatus, call: &CallSid, status: CallStatus) -> CallStatusV1 {
    CallStatusV1 {
        call_sid: call.clone(),
        account_sid: Some(asked.twilio.api.account.clone()),
        status,
        sequence_number: None,
        from: resource.from.filter(|text| !text.is_empty()),
        to: resource.to.filter(|text| !text.is_empty()),
        direction: resource.direction,
        duration_s: resource.duration.and_then(|seconds| seconds.parse().ok()),
        sip_response_code: None,
        occurred_at: resource.end_time.as_deref().and_then(parse_time),
        parent_call_sid: resource.parent_call_sid.and_then(|sid| sid.parse().ok()),
    }
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.with_timezone(&Utc))
}

//! A call whose last status never came: Twilio is asked how it ended, and what it says travels as an event like every
//! status. What Twilio does not know is said, too, so that somebody calls back.

use std::time::Duration;

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
}

impl LastStatus {
    /// Asks, now and then, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.sweep().await {
                tracing::warn!(event = "call.not_asked_after", %error, "Twilio is asked again later");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Asks after what is due; returns how many events that made.
    pub async fn sweep(&self) -> Result<usize, Cause> {
        let mut told = 0;
        for silent in self.claim().await? {
            match self.ask(&silent).await {
                Ok(said) => told += usize::from(said),
                // Whoever cannot be reached for one call cannot be for the others.
                Err(error) => return Err(error),
            }
        }
        Ok(told)
    }

    /// Takes some that are due: the last sign of life is ten minutes old, and then twice as long after each question, a
    /// day at most. A call may last for hours, and asking costs little.
    async fn claim(&self) -> Result<Vec<Silent>, Cause> {
        let rows = sqlx::query!(
            r#"UPDATE prosaas.calls
               SET status_asks = status_asks + 1,
                   status_ask_after = now() + least(interval '10 minutes' * 2 ^ least(status_asks, 8), interval '1 day')
               WHERE call_sid IN (
                   SELECT call_sid FROM prosaas.calls
                   WHERE ended_at IS NULL AND NOT unknown AND NOT forwarded_leg
                     AND updated_at < now() - interval '10 minutes'
                     AND (status_ask_after IS NULL OR status_ask_after <= now())
                   ORDER BY status_ask_after NULLS FIRST, updated_at LIMIT $1
                   FOR UPDATE SKIP LOCKED
               )
               RETURNING call_sid, business_id"#,
            AT_ONCE
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| Ok(Silent { call: row.call_sid.parse()?, business: row.business_id }))
            .collect()
    }

    /// Asks after one; returns whether there was something to tell.
    async fn ask(&self, silent: &Silent) -> Result<bool, Cause> {
        let call = &silent.call;
        match self.twilio.call(call).await {
            Ok(resource) => {
                let status = CallStatus::parse(&resource.status).filter(|status| status.is_terminal());
                let Some(status) = status else { return Ok(false) };
                tracing::info!(event = "call.asked_after", call_sid = %call, status = status.as_str(), "it had ended");
                let id = EventId::call_status(call, status, StatusOrder::Asked);
                self.publish(Subject::call_status(call), silent, id, event(resource, self, call, status))
                    .await
            }
            Err(FetchError::NotThere) => {
                tracing::warn!(event = "call.unknown", call_sid = %call, "Twilio does not know how it ended");
                let data = CallUnknownV1 { call_sid: call.clone() };
                self.publish(Subject::call_unknown(call), silent, EventId::call_unknown(call), data).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn publish<T: EventData>(
        &self,
        subject: Subject,
        silent: &Silent,
        id: EventId,
        data: T,
    ) -> Result<bool, Cause> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id.as_str());
        let source = format!("/twilio/{}", self.twilio.api.account);
        let mut event = CloudEvent::new(id, source, silent.call.to_string(), self.clock.now(), data);
        event.businessid = silent.business.map(BusinessId);
        let payload = event.encode()?.into();
        self.context.publish_with_headers(subject.into_string(), headers, payload).await?.await?;
        Ok(true)
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

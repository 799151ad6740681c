//! Asking Twilio after attempts of which nobody knows what became. Whatever it says, nothing is sent again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use prosaas_domain::{ids::BusinessId, phone::E164};
use sqlx::PgPool;

use super::{
    Outward,
    attempt::{AT_ONCE, Attempt},
    settle,
};
use crate::{
    runtime::Cause,
    twilio::message::{MessageResource, Sent},
};

/// Pauses between the questions about one: a message that was just taken may not be in Twilio's list yet.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(40),
    Duration::from_mins(1),
    Duration::from_mins(2),
];
/// Where Twilio cannot be asked for so long a person is.
const PATIENCE: TimeDelta = TimeDelta::hours(1);
/// How far Twilio's clock may be from ours.
const SKEW: TimeDelta = TimeDelta::minutes(2);

struct Lost {
    attempt: Attempt,
    started_at: DateTime<Utc>,
    asks: i32,
    overdue: bool,
}

impl Outward {
    /// Asks after what is due.
    pub(super) async fn ask(&self) -> Result<(), Cause> {
        take_over(&self.pool).await?;
        let lost = claim(&self.pool).await?;
        join_all(lost.iter().map(|lost| self.ask_after(lost))).await.into_iter().collect()
    }

    async fn ask_after(&self, lost: &Lost) -> Result<(), Cause> {
        let attempt = &lost.attempt;
        let since = (lost.started_at - TimeDelta::days(1)).date_naive();
        let listed = self.twilio.messages(&attempt.to, &attempt.sender, since).await;
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) if lost.overdue => {
                give_up(&self.pool, attempt).await?;
                return Err(error.into());
            }
            Err(error) => {
                ask_again(&self.pool, attempt).await?;
                return Err(error.into());
            }
        };
        if let Some(sid) = self.unclaimed(lost, listed).await? {
            return settle::settle(&self.pool, attempt, &Sent::Accepted { sid }).await;
        }
        if lost.overdue || usize::try_from(lost.asks).is_ok_and(|asks| asks >= PAUSES.len()) {
            give_up(&self.pool, attempt).await?;
        }
        Ok(())
    }

    /// The oldest that is this attempt's by all that can be compared, and no other attempt's.
    async fn unclaimed(&self, lost: &Lost, listed: Vec<MessageResource>) -> Result<Option<String>, Cause> {
        let mut alike: Vec<(DateTime<Utc>, String)> = listed
            .into_iter()
            .filter(|message| is_alike(message, lost))
            .filter_map(|message| Some((message.created_at()?, message.sid)))
            .collect();
        alike.sort();
        let sids: Vec<String> = alike.iter().map(|(_, sid)| sid.clone()).collect();
        // Of whichever business: all of them send from one account.
        let claimed: Vec<Option<String>> = sqlx::query_scalar!(
            "SELECT provider_id FROM prosaas.outward_attempts WHERE provider_id = ANY ($1)",
            &sids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(sids.into_iter().find(|sid| !claimed.contains(&Some(sid.clone()))))
    }
}

fn is_alike(message: &MessageResource, lost: &Lost) -> bool {
    let attempt = &lost.attempt;
    message.is_from(&attempt.sender)
        && message.to.as_deref() == Some(attempt.to.as_str())
        && message.body.as_deref() == Some(attempt.body.as_str())
        && message.created_at().is_some_and(|at| at >= lost.started_at - SKEW)
}

/// An attempt whose claim ran out has died, before or after its request left.
async fn take_over(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.outward_effects
         SET state = 'asking', reason = 'died', due_at = now(), claimed_until = NULL, updated_at = now()
         WHERE state = 'sending' AND claimed_until <= now()"
    )
    .execute(pool)
    .await?;
    Ok(())
}

async fn claim(pool: &PgPool) -> Result<Vec<Lost>, Cause> {
    let pauses: Vec<f64> = PAUSES.iter().map(Duration::as_secs_f64).collect();
    let rows = sqlx::query!(
        r#"WITH chosen AS (
               SELECT id FROM prosaas.outward_effects WHERE state = 'asking' AND due_at <= now()
               ORDER BY due_at LIMIT $1
               FOR UPDATE SKIP LOCKED
           ), claimed AS (
               UPDATE prosaas.outward_effects AS e
               SET asks = e.asks + 1, updated_at = now(),
                   due_at = now() + make_interval(secs => ($2::float8[])[least(e.asks + 1, cardinality($2::float8[]))])
               FROM chosen WHERE e.id = chosen.id
               RETURNING e.id, e.business_id, e.attempts, e.asks, e.sender, e.destination, e.body
           )
           SELECT a.id AS "id!", c.id AS "effect!", c.business_id AS "business_id!", c.attempts AS "attempts!",
                  c.asks AS "asks!", c.sender AS "sender!", c.destination AS "destination!", c.body AS "body!",
                  a.started_at AS "started_at!", a.started_at < now() - make_interval(secs => $3) AS "overdue!"
           FROM claimed AS c
           JOIN LATERAL (
               SELECT id, started_at FROM prosaas.outward_attempts
               WHERE effect_id = c.id ORDER BY started_at DESC LIMIT 1
           ) AS a ON true"#,
        AT_ONCE,
        &pauses,
        PATIENCE.as_seconds_f64()
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let attempt = Attempt {
                id: row.id,
                effect: row.effect,
                business: BusinessId(row.business_id),
                number: row.attempts,
                sender: row.sender.parse()?,
                to: E164::parse(&row.destination)?,
                body: row.body,
            };
            Ok(Lost { attempt, started_at: row.started_at, asks: row.asks, overdue: row.overdue })
        })
        .collect()
}

/// Twilio could not be asked: that question does not count.
async fn ask_again(pool: &PgPool, attempt: &Attempt) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.outward_effects SET asks = greatest(asks - 1, 0), due_at = now() + interval '30 seconds'
         WHERE id = $1 AND business_id = $2 AND state = 'asking'",
        attempt.effect,
        attempt.business.0
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Nobody will know: a person looks, and calls.
async fn give_up(pool: &PgPool, attempt: &Attempt) -> Result<(), sqlx::Error> {
    tracing::warn!(event = "outward.unknown", business = %attempt.business, "nobody knows whether a message went out");
    sqlx::query!(
        "WITH effect AS (
             UPDATE prosaas.outward_effects SET state = 'unknown', updated_at = now()
             WHERE id = $1 AND business_id = $2 AND state = 'asking'
             RETURNING id, business_id, call_sid
         ), attempt AS (
             UPDATE prosaas.outward_attempts SET ended_at = COALESCE(ended_at, now()), outcome = 'unknown'
             WHERE id = $3 AND business_id = $2 AND outcome IS NULL
         )
         INSERT INTO prosaas.tasks (id, business_id, kind, cause, reason, call_sid, due_at)
         SELECT gen_random_uuid(), business_id, 'check_message', 'unknown:' || id, 'unknown', call_sid, now()
         FROM effect
         ON CONFLICT ON CONSTRAINT tasks_cause_uq DO NOTHING",
        attempt.effect,
        attempt.business.0,
        attempt.id
    )
    .execute(pool)
    .await?;
    Ok(())
}

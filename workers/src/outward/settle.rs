//! Writing what became of attempts.

use std::time::Duration;

use metrics::counter;
use sqlx::{PgConnection, PgPool};

use super::attempt::Attempt;
use crate::{runtime::Cause, twilio::message::Sent};

/// Outcomes of an attempt, as rows and the metric name them.
pub const OUTCOMES: [&str; 4] = ["accepted", "refused", "not_sent", "unknown"];

/// Pauses before what Twilio certainly did not take is tried again; the last one repeats until it expires.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(2), Duration::from_mins(5)];

/// Gives up what has expired before anything left: somebody has to call.
pub(super) async fn expire(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH effect AS (
             UPDATE prosaas.outward_effects SET state = 'withheld', reason = 'too_old', updated_at = now()
             WHERE state = 'due' AND expires_at <= now()
             RETURNING id, business_id, call_sid
         )
         INSERT INTO prosaas.tasks (id, business_id, kind, cause, reason, call_sid, due_at)
         SELECT gen_random_uuid(), business_id, 'call_back', COALESCE('call:' || call_sid, 'message:' || id),
                'too_old', call_sid, now()
         FROM effect
         ON CONFLICT ON CONSTRAINT tasks_cause_uq DO NOTHING"
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Writes the outcome. Where that fails the claim runs out, and Twilio is asked.
pub(super) async fn settle(pool: &PgPool, attempt: &Attempt, sent: &Sent) -> Result<(), Cause> {
    let mut transaction = pool.begin().await?;
    note(&mut transaction, attempt, sent).await?;
    match sent {
        Sent::Accepted { sid } => accepted(&mut transaction, attempt, sid).await?,
        Sent::Refused { code, .. } => refused(&mut transaction, attempt, *code).await?,
        Sent::NotSent { .. } => not_sent(&mut transaction, attempt).await?,
        Sent::Unknown { .. } => unknown(&mut transaction, attempt).await?,
    }
    transaction.commit().await?;
    let (outcome, ..) = columns(sent);
    counter!("prosaas_outward_attempts_total", "outcome" => outcome).increment(1);
    if !matches!(sent, Sent::Accepted { .. }) {
        tracing::warn!(
            event = "outward.not_accepted",
            business = %attempt.business,
            attempt = attempt.number,
            outcome,
            "a message was not accepted"
        );
    }
    Ok(())
}

fn columns(sent: &Sent) -> (&'static str, Option<i32>, Option<i64>, Option<&str>) {
    let number = |status: Option<reqwest::StatusCode>| status.map(|status| i32::from(status.as_u16()));
    match sent {
        Sent::Accepted { sid } => ("accepted", None, None, Some(sid)),
        Sent::Refused { status, code } => ("refused", number(Some(*status)), *code, None),
        Sent::NotSent { status } => ("not_sent", number(*status), None, None),
        Sent::Unknown { status } => ("unknown", number(*status), None, None),
    }
}

async fn note(connection: &mut PgConnection, attempt: &Attempt, sent: &Sent) -> Result<(), sqlx::Error> {
    let (outcome, status, code, sid) = columns(sent);
    sqlx::query!(
        "UPDATE prosaas.outward_attempts
         SET ended_at = now(), outcome = $2, http_status = COALESCE($3, http_status), error_code = $4, provider_id = $5
         WHERE id = $1 AND business_id = $6 AND (outcome IS NULL OR outcome = 'unknown')",
        attempt.id,
        outcome,
        status,
        code,
        sid,
        attempt.business.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Also where a person has the task already: that it is known after all is better.
async fn accepted(connection: &mut PgConnection, attempt: &Attempt, sid: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH effect AS (
             UPDATE prosaas.outward_effects
             SET state = 'accepted', provider_id = $2, reason = NULL, claimed_until = NULL, updated_at = now()
             WHERE id = $1 AND business_id = $3 AND state IN ('sending', 'asking', 'unknown')
             RETURNING id, business_id
         )
         UPDATE prosaas.tasks AS t SET state = 'done', updated_at = now()
         FROM effect AS e
         WHERE t.business_id = e.business_id AND t.cause = 'unknown:' || e.id AND t.state = 'open'",
        attempt.effect,
        sid,
        attempt.business.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn refused(
    connection: &mut PgConnection,
    attempt: &Attempt,
    code: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH effect AS (
             UPDATE prosaas.outward_effects
             SET state = 'failed', reason = 'refused', error_code = $2, claimed_until = NULL, updated_at = now()
             WHERE id = $1 AND business_id = $3 AND state IN ('sending', 'asking')
             RETURNING id, business_id, call_sid
         )
         INSERT INTO prosaas.tasks (id, business_id, kind, cause, reason, call_sid, due_at)
         SELECT gen_random_uuid(), business_id, 'call_back', COALESCE('call:' || call_sid, 'message:' || id),
                'refused', call_sid, now()
         FROM effect
         ON CONFLICT ON CONSTRAINT tasks_cause_uq DO NOTHING",
        attempt.effect,
        code,
        attempt.business.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn not_sent(connection: &mut PgConnection, attempt: &Attempt) -> Result<(), sqlx::Error> {
    let index = usize::try_from(attempt.number.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = PAUSES.get(index).or(PAUSES.last()).copied().unwrap_or_default();
    sqlx::query!(
        "UPDATE prosaas.outward_effects
         SET state = 'due', reason = 'not_sent', due_at = now() + make_interval(secs => $2), claimed_until = NULL,
             updated_at = now()
         WHERE id = $1 AND business_id = $3 AND state IN ('sending', 'asking')",
        attempt.effect,
        pause.as_secs_f64(),
        attempt.business.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn unknown(connection: &mut PgConnection, attempt: &Attempt) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.outward_effects
         SET state = 'asking', reason = 'no_answer', due_at = now(), claimed_until = NULL, updated_at = now()
         WHERE id = $1 AND business_id = $2 AND state = 'sending'",
        attempt.effect,
        attempt.business.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

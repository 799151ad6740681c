//! Taking what is due. An attempt is a row before anything leaves.

use std::time::Duration;

use prosaas_domain::{ids::BusinessId, phone::E164};
use sqlx::PgPool;

use super::attempt::Attempt;
use crate::runtime::Cause;

/// Longer than an attempt and the writing of its outcome: what is claimed longer has died.
const CLAIM: Duration = Duration::from_mins(1);

/// Takes some, the oldest of each person: two that are alike cannot be told apart in Twilio's list. One statement, and
/// so one transaction: it is committed before the caller has the attempts.
pub(super) async fn attempts(pool: &PgPool, room: i64) -> Result<Vec<Attempt>, Cause> {
    let rows = sqlx::query!(
        r#"WITH oldest AS (
               SELECT DISTINCT ON (e.business_id, e.destination) e.id
               FROM prosaas.outward_effects AS e
               WHERE e.state = 'due' AND e.due_at <= now() AND e.expires_at > now()
                 AND NOT EXISTS (
                     SELECT FROM prosaas.outward_stops AS s
                     WHERE s.business_id IS NULL OR s.business_id = e.business_id)
                 AND NOT EXISTS (
                     SELECT FROM prosaas.outward_effects AS f
                     WHERE f.business_id = e.business_id AND f.destination = e.destination
                       AND f.state IN ('sending', 'asking'))
               ORDER BY e.business_id, e.destination, e.due_at, e.id
           ), chosen AS (
               SELECT e.id FROM prosaas.outward_effects AS e JOIN oldest ON oldest.id = e.id
               WHERE e.state = 'due' AND e.due_at <= now()
               ORDER BY e.due_at LIMIT $1
               FOR UPDATE OF e SKIP LOCKED
           ), claimed AS (
               UPDATE prosaas.outward_effects AS e
               SET state = 'sending', claimed_until = now() + make_interval(secs => $2),
                   attempts = e.attempts + 1, asks = 0, updated_at = now()
               FROM chosen WHERE e.id = chosen.id
               RETURNING e.id, e.business_id, e.attempts, e.sender, e.destination, e.body
           ), attempt AS (
               INSERT INTO prosaas.outward_attempts (id, effect_id, business_id)
               SELECT gen_random_uuid(), id, business_id FROM claimed
               RETURNING id, effect_id
           )
           SELECT a.id AS "id!", c.id AS "effect!", c.business_id AS "business_id!", c.attempts AS "attempts!",
                  c.sender AS "sender!", c.destination AS "destination!", c.body AS "body!"
           FROM claimed AS c JOIN attempt AS a ON a.effect_id = c.id"#,
        room,
        CLAIM.as_secs_f64()
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Attempt {
                id: row.id,
                effect: row.effect,
                business: BusinessId(row.business_id),
                number: row.attempts,
                sender: row.sender.parse()?,
                to: E164::parse(&row.destination)?,
                body: row.body,
            })
        })
        .collect()
}

//! Replays as people see them: the API's and the command line's reads.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use prosaas_events::{mask, selection::Selection, visible::Form};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

/// Events a second when nothing is said.
pub const DEFAULT_RATE: u32 = 50;

/// Most events a second.
pub const MAX_RATE: u32 = 5000;

/// How a replay stands.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow, ToSchema)]
pub struct Replay {
    /// Its id.
    pub id: Uuid,
    /// A short name.
    pub number: i64,
    /// `dead_letters`; `history`: events that had succeeded; `missing`: events of which a restored database has no
    /// mark.
    pub kind: String,
    /// `running`, `cancelled`, or `finished`: every event has its result.
    pub state: String,
    /// Why it was asked for.
    pub reason: String,
    /// Most events a second.
    pub rate: i32,
    /// Who asked for it.
    pub requested_by: String,
    /// What was asked for.
    #[schema(value_type = Object)]
    pub selection: Value,
    /// How many events.
    pub total: i64,
    /// How far they have come.
    #[sqlx(flatten)]
    pub counts: ReplayCounts,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When the first event was published.
    #[schema(required = true)]
    pub started_at: Option<DateTime<Utc>>,
    /// When the last had its result.
    #[schema(required = true)]
    pub finished_at: Option<DateTime<Utc>>,
}

/// How many events of a replay have come how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct ReplayCounts {
    /// Not published yet.
    pub pending: i64,
    /// Published, without a result yet.
    pub in_flight: i64,
    /// Applied now.
    pub succeeded: i64,
    /// Found applied already.
    pub already_applied: i64,
    /// A dead letter again.
    pub failed: i64,
    /// Not in the state any more in which it was chosen, or not replayable.
    pub skipped: i64,
    /// Not published, because somebody cancelled the replay.
    pub cancelled: i64,
}

impl ReplayCounts {
    /// How many have their result.
    pub fn settled(&self) -> i64 {
        self.succeeded + self.already_applied + self.failed + self.skipped + self.cancelled
    }
}

const REPLAY: &str =
    "SELECT j.id, j.number, j.kind, j.state, j.reason, j.rate, j.requested_by_name AS requested_by,
        j.selection, j.total, j.created_at, j.started_at, j.finished_at,
        c.pending, c.in_flight, c.succeeded, c.already_applied, c.failed, c.skipped, c.cancelled
     FROM prosaas.replay_jobs j
     CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE i.result = 'pending') AS pending,
                count(*) FILTER (WHERE i.result IN ('claimed', 'in_flight')) AS in_flight,
                count(*) FILTER (WHERE i.result = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE i.result = 'already_applied') AS already_applied,
                count(*) FILTER (WHERE i.result = 'failed') AS failed,
                count(*) FILTER (WHERE i.result = 'skipped') AS skipped,
                count(*) FILTER (WHERE i.result = 'cancelled') AS cancelled
         FROM prosaas.replay_items i WHERE i.job_id = j.id
     ) c WHERE true";

/// One page, the latest first, of those before `after`.
pub async fn page(
    pool: &PgPool,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Replay>, sqlx::Error> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new(REPLAY);
    if let Some((at, id)) = after {
        query.push(" AND (j.created_at, j.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY j.created_at DESC, j.id DESC LIMIT ").push_bind(limit);
    let replays: Vec<Replay> = query.build_query_as().fetch_all(pool).await?;
    Ok(replays.into_iter().map(masked).collect())
}

/// One replay.
pub async fn read(pool: &PgPool, id: Uuid) -> Result<Option<Replay>, sqlx::Error> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new(REPLAY);
    query.push(" AND j.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(pool).await?.map(masked))
}

fn masked(mut replay: Replay) -> Replay {
    replay.selection = masked_selection(&replay.selection);
    replay
}

/// What a replay of events that had succeeded was asked for.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "it declares what may be seen")]
pub struct HistorySelection {
    #[schemars(extend("x-visible" = "id"))]
    worker: String,
    #[schemars(extend("x-visible" = true))]
    sequences: Vec<Option<u64>>,
    filter: HistoryFilter,
}

/// By what the events were found.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "it declares what may be seen")]
pub struct HistoryFilter {
    #[schemars(extend("x-visible" = "id"))]
    r#type: Option<String>,
    #[schemars(extend("x-visible" = "id"))]
    business: Option<String>,
    #[schemars(extend("x-visible" = "last_digits"))]
    entity: Option<String>,
}

/// What a replay was asked for, of either kind.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
pub enum AnySelection {
    /// Events that had succeeded.
    History(HistorySelection),
    /// Dead letters.
    DeadLetters(Selection),
}

static SELECTION: LazyLock<Form> = LazyLock::new(Form::of::<AnySelection>);

/// A selection without the number or address that somebody searched by.
pub fn masked_selection(selection: &Value) -> Value {
    SELECTION.seen(selection)
}

/// One event of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct ReplayItem {
    /// Its place in the replay, from 1.
    pub position: i64,
    /// The dead letter; null for history that succeeded again.
    #[schema(required = true)]
    pub dead_letter_id: Option<Uuid>,
    /// The only worker that runs it again.
    pub worker: String,
    /// `pending`, `in_flight`, `succeeded`, `already_applied`, `failed`, `skipped` or `cancelled`.
    pub result: String,
    /// Why it failed or was skipped.
    #[schema(required = true)]
    pub error: Option<String>,
    /// When its turn came: from then on it is published.
    #[schema(required = true)]
    pub published_at: Option<DateTime<Utc>>,
    /// When it had its result.
    #[schema(required = true)]
    pub settled_at: Option<DateTime<Utc>>,
}

/// Events of a replay in order, from behind `after`, of one result where that is named.
pub async fn items(
    pool: &PgPool,
    replay: Uuid,
    result: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<ReplayItem>, sqlx::Error> {
    let mut items: Vec<ReplayItem> = sqlx::query_as(
        "SELECT position, dead_letter_id, consumer AS worker,
                CASE result WHEN 'claimed' THEN 'in_flight' ELSE result END AS result,
                error, published_at, settled_at
         FROM prosaas.replay_items
         WHERE job_id = $1 AND position > $2
           AND ($3::text IS NULL OR CASE result WHEN 'claimed' THEN 'in_flight' ELSE result END = $3)
         ORDER BY position LIMIT $4",
    )
    .bind(replay)
    .bind(after)
    .bind(result)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    for item in &mut items {
        item.error = item.error.as_deref().map(mask::sentence);
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_selection_the_number_is_hidden_however_often() {
        let id = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
        for (selection, seen) in [
            (json!({ "ids": [id] }), json!({ "ids": [id] })),
            (
                json!({ "filter": { "worker": "calls", "entity": "054-1234567", "state": "new",
                                    "filed_before": "2026-01-01T00:00:00Z" } }),
                json!({ "filter": { "worker": "calls", "entity": "***567", "state": "new",
                                    "filed_before": "2026-01-01T00:00:00Z" } }),
            ),
            (
                json!({ "worker": "crm", "sequences": [1, 9],
                        "filter": { "type": "pro.prosaas.crm.", "business": null, "entity": "dana" } }),
                json!({ "worker": "crm", "sequences": [1, 9],
                        "filter": { "type": "pro.prosaas.crm.", "business": null, "entity": "***" } }),
            ),
            (json!({ "people": ["dana"] }), json!("***")),
        ] {
            assert_eq!(masked_selection(&selection), seen);
            assert_eq!(masked_selection(&seen), seen);
        }
    }
}

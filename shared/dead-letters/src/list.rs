//! Lists of dead letters: the API's and the command line's.

use chrono::{DateTime, Utc};
use prosaas_events::{
    mask,
    selection::{DeadLetterFilter, Selection, State},
};
use serde::Serialize;
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::{push_filter, push_selection};

/// Most groups of one answer.
pub const MAX_GROUPS: i64 = 200;

/// A dead letter in a list, personal data hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct DeadLetterItem {
    /// Its id.
    pub id: Uuid,
    /// The worker that failed.
    pub worker: String,
    /// The event's type; null where it cannot be read.
    #[serde(rename = "type")]
    #[schema(required = true)]
    pub event_type: Option<String>,
    /// The business that the event names.
    #[schema(required = true)]
    pub business_id: Option<Uuid>,
    /// That business's name.
    #[schema(required = true)]
    pub business_name: Option<String>,
    /// What the event is about, such as a CallSid.
    #[schema(required = true)]
    pub entity: Option<String>,
    /// Why it was given up: `permanent`, `exhausted`, `undecodable`, `rejected`,
    /// `max_deliveries`, `terminated`.
    pub reason: String,
    /// The innermost cause.
    pub error: String,
    /// What failures of the same kind have in common.
    pub fingerprint: String,
    /// Deliveries, those of replays included.
    pub attempts: i64,
    /// How often it was replayed.
    pub replays: i32,
    /// How far the work on it has come.
    #[sqlx(try_from = "String")]
    pub state: State,
    /// W3C trace id.
    #[schema(required = true)]
    pub trace_id: Option<String>,
    /// When it was given up first.
    pub first_died_at: DateTime<Utc>,
    /// When it was given up last.
    pub died_at: DateTime<Utc>,
}

impl DeadLetterItem {
    pub(super) fn masked(mut self) -> Self {
        self.error = mask::sentence(&self.error);
        self.entity = self.entity.as_deref().map(mask::sentence);
        self
    }
}

/// What a list selects of the tables `dead_letters` by the name `d` and `businesses` by
/// the name `b`.
pub(super) const ITEM: &str = "d.id, d.consumer AS worker, d.event_type, d.business_id, b.name AS business_name, \
     d.entity, d.reason, coalesce(d.error_chain[array_upper(d.error_chain, 1)], '') AS error, d.fingerprint, \
     d.attempts, d.replays, d.state, d.trace_id, d.first_died_at, d.died_at \
     FROM prosaas.dead_letters d LEFT JOIN prosaas.businesses b ON b.id = d.business_id";

/// One page, the latest first, of those that died before `after`.
pub async fn page(
    pool: &PgPool,
    filter: &DeadLetterFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<DeadLetterItem>, sqlx::Error> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("SELECT ");
    query.push(ITEM).push(" WHERE true");
    push_filter(&mut query, filter);
    if let Some((at, id)) = after {
        query.push(" AND (d.died_at, d.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY d.died_at DESC, d.id DESC LIMIT ").push_bind(limit);
    let rows: Vec<DeadLetterItem> = query.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(DeadLetterItem::masked).collect())
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct DeadLetterGroup {
    /// The worker that failed.
    pub worker: String,
    /// What the failures have in common.
    pub fingerprint: String,
    /// The innermost cause of the latest.
    pub error: String,
    /// The type of the latest event; null where it cannot be read.
    #[serde(rename = "type")]
    #[schema(required = true)]
    pub event_type: Option<String>,
    /// How many.
    pub count: i64,
    /// Of how many businesses.
    pub businesses: i64,
    /// When the first was given up.
    pub first_died_at: DateTime<Utc>,
    /// When the last was given up.
    pub last_died_at: DateTime<Utc>,
}

/// The groups, the largest first, at most [`MAX_GROUPS`].
pub async fn groups(pool: &PgPool, filter: &DeadLetterFilter) -> Result<Vec<DeadLetterGroup>, sqlx::Error> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new(
        "WITH g AS (
             SELECT d.consumer, d.fingerprint, count(*) AS count, count(DISTINCT d.business_id) AS businesses,
                    min(d.first_died_at) AS first_died_at, max(d.died_at) AS last_died_at
             FROM prosaas.dead_letters d WHERE true",
    );
    push_filter(&mut query, filter);
    query
        .push(" GROUP BY d.consumer, d.fingerprint ORDER BY count(*) DESC, d.consumer, d.fingerprint LIMIT ")
        .push_bind(MAX_GROUPS)
        .push(
            ")
         SELECT g.consumer AS worker, g.fingerprint, g.count, g.businesses, g.first_died_at, g.last_died_at,
                l.error, l.event_type
         FROM g CROSS JOIN LATERAL (
             SELECT coalesce(d.error_chain[array_upper(d.error_chain, 1)], '') AS error, d.event_type
             FROM prosaas.dead_letters d
             WHERE d.consumer = g.consumer AND d.fingerprint = g.fingerprint
             ORDER BY d.died_at DESC, d.id DESC LIMIT 1
         ) l
         ORDER BY g.count DESC, g.consumer, g.fingerprint",
        );
    let mut rows: Vec<DeadLetterGroup> = query.build_query_as().fetch_all(pool).await?;
    for row in &mut rows {
        row.error = mask::sentence(&row.error);
    }
    Ok(rows)
}

/// How many dead letters of one worker and type a selection holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct SelectedOfWorker {
    /// The worker that runs them again.
    pub worker: String,
    /// Their type; null where it cannot be read.
    #[serde(rename = "type")]
    #[schema(required = true)]
    pub event_type: Option<String>,
    /// How many.
    pub count: i64,
    /// Whether the worker is paused: replayed events wait until it goes on.
    pub paused: bool,
    /// Of these, how many cannot be replayed: their bytes are gone or were cut, or no
    /// worker is to run them.
    pub not_replayable: i64,
}

/// What a selection holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Selected {
    /// How many in all.
    pub count: i64,
    /// To be sent with what shall be done with them.
    pub selection: Selection,
    /// By worker and type.
    pub by_worker: Vec<SelectedOfWorker>,
}

/// Whether a dead letter can be replayed, on the table by the name `d`.
pub const REPLAYABLE: &str = "(d.payload IS NOT NULL AND octet_length(d.payload) = d.payload_bytes AND d.event_id IS NOT NULL \
     AND d.consumer IN ('calls', 'recordings', 'whatsapp', 'crm', 'ops'))";

/// Counts a selection, and fixes it: what is filed later is not in it.
pub async fn count(pool: &PgPool, mut selection: Selection) -> Result<Selected, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    if let Selection::Filter(filter) = &mut selection
        && filter.filed_before.is_none()
    {
        filter.filed_before = Some(sqlx::query_scalar("SELECT now()").fetch_one(&mut *transaction).await?);
    }
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new(
        "SELECT d.consumer AS worker, d.event_type, count(*) AS count,
                EXISTS (SELECT FROM prosaas.worker_pauses p
                        WHERE p.consumer = d.consumer AND p.paused
                          AND (p.paused_until IS NULL OR p.paused_until > now())) AS paused,
                count(*) FILTER (WHERE NOT ",
    );
    query.push(REPLAYABLE).push(") AS not_replayable FROM prosaas.dead_letters d WHERE d.state = ");
    query.push_bind(selection.state().as_str());
    push_selection(&mut query, &selection);
    query.push(" GROUP BY d.consumer, d.event_type ORDER BY count(*) DESC, d.consumer, d.event_type");
    let by_worker: Vec<SelectedOfWorker> = query.build_query_as().fetch_all(&mut *transaction).await?;
    Ok(Selected { count: by_worker.iter().map(|of| of.count).sum(), selection, by_worker })
}

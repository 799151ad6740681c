//! `GET /api/summary`: the home page's figures.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use prosaas_domain::rights::Right;
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{extract::ApiQuery, problem::Problem, query::ScopeQuery},
    request::scope::BusinessScope,
    state::App,
};

/// Days of the series, today included.
const DAYS: i32 = 30;

/// What is open is counted up to here: beyond, the exact number tells nobody anything.
const MOST: i64 = 1_000;

/// Figures of a business.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    /// The business's time zone, in which its days are counted.
    time_zone: String,
    /// Today.
    today: DaySummary,
    /// Missed calls whose callers can be called back and were not yet; 1,000 stands for
    /// 1,000 and more.
    #[schema(maximum = 1000)]
    to_call_back: i64,
    /// Leads with whom nobody has spoken; 1,000 stands for 1,000 and more.
    #[schema(maximum = 1000)]
    new_leads: i64,
    /// The last 30 days, today the last.
    #[schema(min_items = 30, max_items = 30)]
    days: Vec<DaySummary>,
}

/// Figures of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DaySummary {
    /// The day, in the business's time zone.
    date: NaiveDate,
    /// Calls that began on it.
    calls: i64,
    /// Those of them that nobody of the business took.
    missed: i64,
    /// Leads that were made on it and are not deleted.
    leads: i64,
}

/// The home page's figures.
#[utoipa::path(
    get,
    path = "/api/summary",
    operation_id = "get_summary",
    tag = "calls",
    params(ScopeQuery),
    responses((status = 200, description = "The figures", body = Summary)),
)]
pub async fn summary(
    State(app): State<App>,
    scope: BusinessScope,
    _query: ApiQuery<ScopeQuery>,
) -> Result<Json<Summary>, Problem> {
    scope.require(Right::ReadCrm)?;
    let _turn = app.api.reads.turn(&scope.session, Some(scope.business_id)).await?;
    let (database, business) = (&app.api.database, scope.business_id.0);
    let time_zone = sqlx::query_scalar!("SELECT time_zone FROM prosaas.businesses WHERE id = $1", business)
        .fetch_optional(database)
        .await?
        .ok_or_else(Problem::not_found)?;
    let zone: chrono_tz::Tz = time_zone.parse().map_err(|_| Problem::internal())?;
    let today = app.clock.now().with_timezone(&zone).date_naive();
    let days = days(database, business, &time_zone, today).await?;
    let open = open(database, business).await?;
    let today = days.last().cloned().ok_or_else(Problem::internal)?;
    Ok(Json(Summary { time_zone, today, to_call_back: open.0, new_leads: open.1, days }))
}

async fn days(
    database: &PgPool,
    business: Uuid,
    time_zone: &str,
    today: NaiveDate,
) -> Result<Vec<DaySummary>, Problem> {
    let rows = sqlx::query!(
        r#"WITH bounds AS (
               SELECT ($3::date - ($4 - 1))::timestamp AT TIME ZONE $2 AS first,
                      ($3::date + 1)::timestamp AT TIME ZONE $2 AS behind
           ), calls AS (
               SELECT (c.started_at AT TIME ZONE $2)::date AS date, count(*) AS calls,
                      count(*) FILTER (WHERE c.missed) AS missed
               FROM prosaas.calls c
               WHERE c.business_id = $1 AND NOT c.forwarded_leg
                   AND c.started_at >= (SELECT first FROM bounds) AND c.started_at < (SELECT behind FROM bounds)
               GROUP BY 1
           ), leads AS (
               SELECT (l.created_at AT TIME ZONE $2)::date AS date, count(*) AS leads
               FROM prosaas.leads l
               WHERE l.business_id = $1 AND l.deleted_at IS NULL
                   AND l.created_at >= (SELECT first FROM bounds) AND l.created_at < (SELECT behind FROM bounds)
               GROUP BY 1
           )
           SELECT day::date AS "date!", coalesce(calls.calls, 0) AS "calls!",
                  coalesce(calls.missed, 0) AS "missed!", coalesce(leads.leads, 0) AS "leads!"
           FROM generate_series(($3::date - ($4 - 1))::timestamp, $3::date::timestamp, interval '1 day') AS day
           LEFT JOIN calls ON calls.date = day::date
           LEFT JOIN leads ON leads.date = day::date
           ORDER BY day"#,
        business,
        time_zone,
        today,
        DAYS
    )
    .fetch_all(database)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| DaySummary { date: row.date, calls: row.calls, missed: row.missed, leads: row.leads })
        .collect())
}

/// Calls to return and leads to speak with, each counted at most to [`MOST`].
async fn open(database: &PgPool, business: Uuid) -> Result<(i64, i64), Problem> {
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM (
                      SELECT FROM prosaas.calls
                      WHERE business_id = $1 AND callback_needed AND called_back_at IS NULL LIMIT $2
                  ) AS calls) AS "to_call_back!",
                  (SELECT count(*) FROM (
                      SELECT FROM prosaas.leads
                      WHERE business_id = $1 AND deleted_at IS NULL AND status = 'new' LIMIT $2
                  ) AS leads) AS "new_leads!""#,
        business,
        MOST
    )
    .fetch_one(database)
    .await?;
    Ok((row.to_call_back, row.new_leads))
}

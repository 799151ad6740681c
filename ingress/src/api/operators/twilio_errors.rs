//! `GET /api/admin/twilio-errors`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{ids::CallSid, rights::Right};
use prosaas_events::call::Webhook;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{problem::Problem, session::Session, stored::value_of},
    state::App,
};

/// How far back errors are counted, days.
const DAYS: i32 = 30;

/// What Twilio could not do in the last 30 days.
#[derive(Debug, Serialize, ToSchema)]
pub struct TwilioErrors {
    /// The latest first, at most 200.
    items: Vec<TwilioErrorGroup>,
}

/// One error, and how often it came.
#[derive(Debug, Serialize, ToSchema)]
pub struct TwilioErrorGroup {
    /// Its number (<https://www.twilio.com/docs/api/errors>).
    code: i64,
    /// Which of our addresses was told.
    webhook: Webhook,
    /// Of how many calls.
    calls: i64,
    /// Of how many businesses.
    businesses: i64,
    /// When it came first, in these days.
    first_at: DateTime<Utc>,
    /// When it came last.
    last_at: DateTime<Utc>,
    /// The call of which it came last.
    last_call_sid: CallSid,
}

/// What Twilio could not do in the last 30 days, by error.
#[utoipa::path(
    get,
    path = "/api/admin/twilio-errors",
    operation_id = "list_twilio_errors",
    tag = "operators",
    responses((status = 200, description = "The errors", body = TwilioErrors)),
)]
pub async fn list_twilio_errors(
    State(app): State<App>,
    session: Session,
) -> Result<Json<TwilioErrors>, Problem> {
    session.require(Right::Administer, None)?;
    let _turn = app.api.reads.turn(&session, None).await?;
    let rows = sqlx::query!(
        r#"SELECT (data ->> 'code')::bigint AS "code!", data ->> 'webhook' AS "webhook!", count(*) AS "calls!",
                  count(DISTINCT business_id) AS "businesses!", min(received_at) AS "first_at!",
                  max(received_at) AS "last_at!",
                  (array_agg(call_sid ORDER BY received_at DESC))[1] AS "last_call_sid!"
           FROM prosaas.call_events
           WHERE kind = 'error' AND received_at > now() - make_interval(days => $1)
           GROUP BY 1, 2 ORDER BY max(received_at) DESC LIMIT 200"#,
        DAYS
    )
    .fetch_all(&app.api.database)
    .await?;
    // A newer release, rolled back since, may have kept words that this one does not know; each is in the log.
    let items = rows.into_iter().filter_map(|row| {
        Some(TwilioErrorGroup {
            code: row.code,
            webhook: value_of(&row.webhook).ok()?,
            calls: row.calls,
            businesses: row.businesses,
            first_at: row.first_at,
            last_at: row.last_at,
            last_call_sid: value_of(&row.last_call_sid).ok()?,
        })
    });
    Ok(Json(TwilioErrors { items: items.collect() }))
}

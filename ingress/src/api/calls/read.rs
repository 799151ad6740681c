//! `GET /api/calls/{call_sid}`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, CallSid, LeadId},
    rights::Right,
};
use prosaas_events::{
    EventData,
    call::{CallErrorV1, CallMenuV1, CallStatus, MenuResult, MenuThen, Webhook},
};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::{model::Call, select};
use crate::{
    http::{
        extract::{ApiPath, ApiQuery},
        problem::Problem,
        query::ScopeQuery,
        stored::{Person, value_of},
    },
    request::scope::BusinessScope,
    state::App,
};

/// Most entries of a history; a call has some ten.
const MAX_HISTORY: i64 = 500;

/// A call with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallDetail {
    /// What lists show of it.
    #[serde(flatten)]
    call: Call,
    /// The number that forwarded the call to us.
    #[schema(required = true)]
    forwarded_from: Option<String>,
    /// The leg that started this one.
    #[schema(required = true)]
    parent_call_sid: Option<String>,
    /// The leg of whoever answered the forwarded call.
    #[schema(required = true)]
    dialed_call_sid: Option<String>,
    /// Who of the business spoke with this lead last before it: whoever calls back first asks them.
    #[schema(required = true)]
    last_spoke_with: Option<Person>,
    /// What Twilio told of it, in the order in which it happened.
    history: Vec<CallHistoryEntry>,
}

/// Something that Twilio told of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallHistoryEntry {
    /// `incoming`, `menu`, `status`, `leg_accepted`, `dialed`, `unknown` or `error`.
    kind: String,
    /// The status that it reports.
    #[schema(required = true)]
    status: Option<CallStatus>,
    /// Twilio's own count.
    #[schema(required = true)]
    sequence_number: Option<i64>,
    /// What the caller pressed when asked to choose.
    #[schema(required = true)]
    menu: Option<MenuAnswer>,
    /// What Twilio could not do.
    #[schema(required = true)]
    error: Option<TwilioError>,
    /// When it happened, by Twilio's clock where it says so.
    at: DateTime<Utc>,
    /// When we received it.
    received_at: DateTime<Utc>,
}

/// What a caller pressed when asked to choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct MenuAnswer {
    /// The keys that led to the menu; empty for the first.
    at: String,
    /// What it came to.
    result: MenuResult,
    /// The digit, where it was one.
    #[schema(required = true)]
    key: Option<String>,
    /// What the business called the choice then.
    #[schema(required = true)]
    label: Option<String>,
    /// Where it led.
    #[schema(required = true)]
    then: Option<MenuThen>,
}

/// An error that Twilio told of.
#[derive(Debug, Serialize, ToSchema)]
pub struct TwilioError {
    /// Which of our addresses was told.
    webhook: Webhook,
    /// Its number (<https://www.twilio.com/docs/api/errors>).
    code: u32,
    /// Twilio's words, in English.
    #[schema(required = true)]
    message: Option<String>,
}

impl From<CallErrorV1> for TwilioError {
    fn from(data: CallErrorV1) -> Self {
        Self { webhook: data.webhook, code: data.code, message: data.message }
    }
}

impl From<CallMenuV1> for MenuAnswer {
    fn from(data: CallMenuV1) -> Self {
        Self {
            at: data.at.to_string(),
            result: data.result,
            key: data.key.map(String::from),
            label: data.label,
            then: data.then,
        }
    }
}

/// One call, with its status history and recordings.
#[utoipa::path(
    get,
    path = "/api/calls/{call_sid}",
    operation_id = "get_call",
    tag = "calls",
    params(("call_sid" = CallSid, Path), ScopeQuery),
    responses((status = 200, description = "The call", body = CallDetail)),
)]
pub async fn read(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(sid): ApiPath<CallSid>,
    _query: ApiQuery<ScopeQuery>,
) -> Result<Json<CallDetail>, Problem> {
    scope.require(Right::ReadCrm)?;
    let (database, business) = (&app.api.database, scope.business_id);
    let row = select::one(database, business, &sid).await?.ok_or_else(Problem::not_found)?;
    let legs = sqlx::query!(
        "SELECT forwarded_from, parent_call_sid, dialed_call_sid FROM prosaas.calls
         WHERE business_id = $1 AND call_sid = $2",
        business.0,
        sid.as_str()
    )
    .fetch_one(database)
    .await?;
    let call: Call = row.try_into()?;
    let last_spoke_with = match &call.lead {
        Some(lead) => last_person(database, business, lead.id, call.started_at).await?,
        None => None,
    };
    Ok(Json(CallDetail {
        call,
        forwarded_from: legs.forwarded_from,
        parent_call_sid: legs.parent_call_sid,
        dialed_call_sid: legs.dialed_call_sid,
        last_spoke_with,
        history: history(database, business, &sid).await?,
    }))
}

/// Who took the last call of a lead before that moment.
async fn last_person(
    database: &PgPool,
    business: BusinessId,
    lead: LeadId,
    before: DateTime<Utc>,
) -> Result<Option<Person>, Problem> {
    let row = sqlx::query!(
        "SELECT u.id, u.name FROM prosaas.calls c
         JOIN prosaas.users u ON u.id = c.answered_by_user AND u.business_id = c.business_id
         WHERE c.business_id = $1 AND c.lead_id = $2 AND c.started_at < $3 AND u.deleted_at IS NULL
         ORDER BY c.started_at DESC LIMIT 1",
        business.0,
        lead.0,
        before
    )
    .fetch_optional(database)
    .await?;
    Ok(row.and_then(|row| Person::of(Some(row.id), Some(row.name))))
}

/// Events may have come before the call's business was known; the call itself is checked.
async fn history(
    database: &PgPool,
    business: BusinessId,
    call: &CallSid,
) -> Result<Vec<CallHistoryEntry>, Problem> {
    let rows = sqlx::query!(
        "SELECT kind, status, sequence_number, occurred_at, received_at,
                CASE WHEN kind IN ('menu', 'error') THEN data END AS data
         FROM prosaas.call_events
         WHERE (business_id = $1 OR business_id IS NULL) AND call_sid = $2
         ORDER BY occurred_at, sequence_number NULLS FIRST, received_at LIMIT $3",
        business.0,
        call.as_str(),
        MAX_HISTORY
    )
    .fetch_all(database)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(CallHistoryEntry {
                status: row.status.as_deref().map(value_of).transpose()?,
                sequence_number: row.sequence_number,
                menu: told::<CallMenuV1>(row.data.as_ref().filter(|_| row.kind == "menu")).map(Into::into),
                error: told::<CallErrorV1>(row.data.as_ref().filter(|_| row.kind == "error")).map(Into::into),
                kind: row.kind,
                at: row.occurred_at,
                received_at: row.received_at,
            })
        })
        .collect()
}

/// An event's data, where it is that event's.
fn told<T: EventData>(data: Option<&Value>) -> Option<T> {
    data.and_then(|data| T::deserialize(data).ok())
}

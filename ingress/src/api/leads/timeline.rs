//! `GET /api/leads/{id}/timeline`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, CallSid, LeadId},
    rights::Right,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::select;
use crate::{
    api::calls::{Call, calls_by_id},
    http::{
        extract::{ApiPath, ApiQuery},
        page::{Limit, Page},
        problem::Problem,
        stored::Person,
    },
    request::scope::BusinessScope,
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "timeline";

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TimelineQuery {
    /// Where the page begins: `next_cursor` of the page before.
    #[param(max_length = 2000)]
    cursor: Option<String>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Which business: required of system admins; others may name only their own.
    #[expect(dead_code, reason = "read by `BusinessScope`")]
    business_id: Option<BusinessId>,
}

/// Something that happened with a lead.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimelineEntry {
    /// A call, with its recordings.
    Call {
        /// When it began.
        at: DateTime<Utc>,
        /// The call.
        call: Box<Call>,
    },
    /// A change of the lead.
    Change {
        /// When it was made.
        at: DateTime<Utc>,
        /// The change.
        change: LeadChange,
    },
}

/// A change of a lead, as its audit record tells.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadChange {
    /// The record's id.
    id: Uuid,
    /// What was done, such as `lead.update`.
    action: String,
    /// Who did it, by the name that they had then; null where it was no person.
    #[schema(required = true)]
    actor: Option<Person>,
    /// The part of the system that did it, such as `twilio`, where it was no person.
    #[schema(required = true)]
    system: Option<String>,
    /// How it stood; null where it was new.
    #[schema(required = true, value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    /// How it stands; null where it is gone.
    #[schema(required = true, value_type = Option<Object>)]
    after: Option<serde_json::Value>,
}

/// Where a page begins: behind the entry of this time and key.
#[derive(Debug, Serialize, Deserialize)]
struct After {
    at: DateTime<Utc>,
    key: String,
}

/// A row: which of the two it is, and what only a change has.
struct Row {
    at: DateTime<Utc>,
    key: String,
    call_sid: Option<String>,
    change_id: Option<Uuid>,
    action: Option<String>,
    actor_id: Option<Uuid>,
    actor_name: Option<String>,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
}

/// What happened with a lead, the latest first: its calls with their recordings, and
/// its changes.
#[utoipa::path(
    get,
    path = "/api/leads/{lead_id}/timeline",
    operation_id = "list_lead_timeline",
    tag = "leads",
    params(("lead_id" = LeadId, Path), TimelineQuery),
    responses((status = 200, description = "A page of entries", body = Page<TimelineEntry>)),
)]
pub async fn timeline(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(lead): ApiPath<LeadId>,
    ApiQuery(query): ApiQuery<TimelineQuery>,
) -> Result<Json<Page<TimelineEntry>>, Problem> {
    scope.require(Right::ReadCrm)?;
    let limit = Limit::new(query.limit)?;
    let (database, business) = (&app.api.database, scope.business_id);
    select::state(database, business.0, lead.0).await?;
    let decides = (business, lead);
    let cursors = &app.api.cursors;
    let after = cursors.decode(LIST, &decides, query.cursor.as_deref())?;
    let rows = rows(database, business, lead, after, limit.probe()).await?;
    let page = Page::new(rows, limit, |row| {
        cursors.encode(LIST, &decides, &After { at: row.at, key: row.key.clone() })
    })?;
    let next_cursor = page.next_cursor;
    let items = entries(database, business, page.items).await?;
    Ok(Json(Page { items, next_cursor }))
}

/// Each half reads its own index down to the page's end.
async fn rows(
    database: &PgPool,
    business: BusinessId,
    lead: LeadId,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Row>, Problem> {
    let after = after.unwrap_or_else(|| After { at: crate::http::page::END_OF_TIME, key: String::new() });
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT at AS "at!", key AS "key!", call_sid, change_id, action, actor_id, actor_name, before, after
           FROM (
               (SELECT c.started_at AS at, 'call:' || c.call_sid AS key, c.call_sid, NULL::uuid AS change_id,
                       NULL::text AS action, NULL::uuid AS actor_id, NULL::text AS actor_name,
                       NULL::jsonb AS before, NULL::jsonb AS after
                FROM prosaas.calls c
                WHERE c.business_id = $1 AND c.lead_id = $2 AND c.started_at <= $4
                    AND (c.started_at, 'call:' || c.call_sid) < ($4, $5)
                ORDER BY c.started_at DESC, c.call_sid DESC LIMIT $6)
               UNION ALL
               (SELECT a.at, 'change:' || a.id, NULL, a.id, a.action, a.actor_id, a.actor_name, a.before, a.after
                FROM prosaas.audit_records a
                WHERE a.business_id = $1 AND a.entity_type = 'lead' AND a.entity_id = $3 AND a.at <= $4
                    AND (a.at, 'change:' || a.id) < ($4, $5)
                ORDER BY a.at DESC, 'change:' || a.id DESC LIMIT $6)
           ) AS entries
           ORDER BY at DESC, key DESC LIMIT $6"#,
        business.0,
        lead.0,
        lead.to_string(),
        after.at,
        after.key,
        limit
    )
    .fetch_all(database)
    .await?;
    Ok(rows)
}

async fn entries(
    database: &PgPool,
    business: BusinessId,
    rows: Vec<Row>,
) -> Result<Vec<TimelineEntry>, Problem> {
    let sids: Vec<String> = rows.iter().filter_map(|row| row.call_sid.clone()).collect();
    let mut calls = calls_by_id(database, business, &sids).await?;
    let entries = rows.into_iter().filter_map(|row| match (row.call_sid, row.change_id) {
        (Some(sid), _) => {
            let sid: CallSid = sid.parse().ok()?;
            calls.remove(&sid).map(|call| TimelineEntry::Call { at: row.at, call: Box::new(call) })
        }
        (None, Some(id)) => {
            let name = row.actor_name;
            let (actor, system) = match row.actor_id {
                Some(id) => (Some(Person { id, name }), None),
                None => (None, name),
            };
            let action = row.action.unwrap_or_default();
            let change = LeadChange { id, action, actor, system, before: row.before, after: row.after };
            Some(TimelineEntry::Change { at: row.at, change })
        }
        (None, None) => None,
    });
    Ok(entries.collect())
}

//! A lead as the API shows it.

use chrono::{DateTime, TimeDelta, Utc};
use prosaas_domain::ids::LeadId;
use prosaas_events::crm::lead::{LeadSource, LeadStatus};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    problem::Problem,
    stored::{Person, value_of},
};

/// A deleted lead stays in the trash for so long.
const TRASH: TimeDelta = TimeDelta::days(30);

/// A number of a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeadPhone {
    /// As it was typed, or as the network sent it.
    pub raw: String,
    /// In E.164 form; null where the text is no such number.
    #[schema(required = true)]
    pub e164: Option<String>,
}

/// A lead in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadItem {
    /// Which.
    pub id: LeadId,
    /// Null while nobody knows it.
    #[schema(required = true)]
    pub name: Option<String>,
    /// As typed.
    #[schema(required = true)]
    pub email: Option<String>,
    /// Its numbers, the main one first.
    pub phones: Vec<LeadPhone>,
    /// How far it has come.
    pub status: LeadStatus,
    /// Where it came from.
    pub source: LeadSource,
    /// Who looks after it.
    #[schema(required = true)]
    pub owner: Option<Person>,
    /// Labels.
    pub tags: Vec<String>,
    /// Grows with every change; the `ETag` is this number in quotes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When its latest call began.
    #[schema(required = true)]
    pub last_call_at: Option<DateTime<Utc>>,
    /// When it was put into the trash; null while it lives.
    #[schema(required = true)]
    pub deleted_at: Option<DateTime<Utc>>,
    /// Who put it there.
    #[schema(required = true)]
    pub deleted_by: Option<Person>,
    /// When it leaves the trash for good.
    #[schema(required = true)]
    pub purge_at: Option<DateTime<Utc>>,
}

/// A lead, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lead {
    /// What lists show of it.
    #[serde(flatten)]
    pub item: LeadItem,
    /// Free text.
    pub notes: String,
}

/// A row of [`super::select`].
#[derive(Debug)]
pub(super) struct LeadRow {
    pub id: Uuid,
    pub name: Option<String>,
    pub email: Option<String>,
    pub phones: Option<Json<Vec<LeadPhone>>>,
    pub status: String,
    pub source: String,
    pub owner_id: Option<Uuid>,
    pub owner_name: Option<String>,
    pub tags: Vec<String>,
    pub notes: String,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_call_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub deleted_by: Option<Uuid>,
    pub deleted_by_name: Option<String>,
    /// What the list is sorted by, as text.
    pub sort_key: String,
}

impl TryFrom<LeadRow> for LeadItem {
    type Error = Problem;

    fn try_from(row: LeadRow) -> Result<Self, Problem> {
        Ok(Self {
            id: LeadId(row.id),
            name: row.name,
            email: row.email,
            phones: row.phones.map(|phones| phones.0).unwrap_or_default(),
            status: value_of(&row.status)?,
            source: value_of(&row.source)?,
            owner: Person::of(row.owner_id, row.owner_name),
            tags: row.tags,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_call_at: row.last_call_at,
            deleted_at: row.deleted_at,
            deleted_by: Person::of(row.deleted_by, row.deleted_by_name),
            purge_at: row.deleted_at.map(|at| at + TRASH),
        })
    }
}

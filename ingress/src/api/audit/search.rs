//! The two searches. They are two statements, so that each uses its own index.

use chrono::{DateTime, Utc};
use prosaas_audit as audit;
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Role,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    http::{
        page::{AtAndId, Limit, Page},
        problem::Problem,
        query,
        session::Session,
    },
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "audit";

/// Longest action, kind or id that is asked for, characters.
const MAX_WORD: usize = 100;

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Only what this person did.
    pub actor_id: Option<UserId>,
    /// Only this action, such as `lead.delete`, or all of a kind, such as `lead.`.
    #[param(max_length = 100)]
    pub action: Option<String>,
    /// Only things of this kind.
    #[param(max_length = 100)]
    pub entity_type: Option<String>,
    /// Only this thing.
    #[param(max_length = 100)]
    pub entity_id: Option<String>,
    /// Only since then.
    pub from: Option<DateTime<Utc>>,
    /// Only before then.
    pub to: Option<DateTime<Utc>>,
    /// Where to go on, from the page before.
    pub cursor: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

impl AuditFilter {
    /// What decides which rows are in the list.
    fn key(&self, business: Option<BusinessId>) -> impl Serialize {
        (business, self.actor_id, &self.action, &self.entity_type, &self.entity_id, self.from, self.to)
    }
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditItem {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// The business; null where it belongs to none.
    #[schema(required = true)]
    pub business_id: Option<Uuid>,
    /// Who; null where it was no person.
    #[schema(required = true)]
    pub actor_id: Option<Uuid>,
    /// Their name at that time, or the system's.
    pub actor_name: String,
    /// The address that they came from.
    #[schema(required = true)]
    pub ip: Option<String>,
    /// The request.
    #[schema(required = true)]
    pub request_id: Option<String>,
    /// What was done, such as `lead.delete`.
    pub action: String,
    /// To what kind of thing.
    pub entity_type: String,
    /// To which one.
    pub entity_id: String,
    /// How it stood; null where it was new.
    #[schema(required = true, value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// How it stands; null where it is gone.
    #[schema(required = true, value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
}

impl AuditItem {
    /// As people of this role may see it. A business's own people see their business's data;
    /// whoever runs the system sees what is declared visible.
    fn seen_by(mut self, role: Role) -> Self {
        if role == Role::SystemAdmin {
            let seen = |state: serde_json::Value| audit::seen(&self.entity_type, &state);
            self.before = self.before.take().map(seen);
            self.after = self.after.take().map(seen);
        }
        self
    }
}

/// What both statements take.
struct Bounds {
    limit: Limit,
    after: Option<AtAndId>,
    action: Option<String>,
    kind: Option<String>,
}

impl Bounds {
    fn read(app: &App, business: Option<BusinessId>, filter: &AuditFilter) -> Result<Self, Problem> {
        // `lead.` asks for all of a kind.
        for (name, value) in [
            ("action", &filter.action),
            ("entity_type", &filter.entity_type),
            ("entity_id", &filter.entity_id),
        ] {
            query::text(name, value.as_deref(), MAX_WORD)?;
        }
        for (name, at) in [("from", filter.from), ("to", filter.to)] {
            at.map(|at| query::moment(name, at)).transpose()?;
        }
        let (kind, action) = filter.action.clone().into_iter().partition::<Vec<_>, _>(|a| a.ends_with('.'));
        Ok(Self {
            limit: Limit::new(filter.limit)?,
            after: app.api.cursors.decode(LIST, &filter.key(business), filter.cursor.as_deref())?,
            action: action.into_iter().next(),
            kind: kind.into_iter().next(),
        })
    }

    fn after_at(&self) -> Option<DateTime<Utc>> {
        self.after.map(|after| after.at)
    }

    fn after_id(&self) -> Uuid {
        self.after.map_or(Uuid::nil(), |after| after.id)
    }
}

fn page(
    app: &App,
    session: &Session,
    business: Option<BusinessId>,
    filter: &AuditFilter,
    bounds: &Bounds,
    rows: Vec<AuditItem>,
) -> Result<Page<AuditItem>, Problem> {
    let rows = rows.into_iter().map(|row| row.seen_by(session.role)).collect();
    Page::new(rows, bounds.limit, |last| {
        app.api.cursors.encode(LIST, &filter.key(business), &AtAndId { at: last.at, id: last.id })
    })
}

/// Records of one business.
pub async fn of_business(
    app: &App,
    session: &Session,
    business: BusinessId,
    filter: &AuditFilter,
) -> Result<Page<AuditItem>, Problem> {
    let bounds = Bounds::read(app, Some(business), filter)?;
    let mut read = app.api.reads.begin(session, Some(business)).await?;
    let rows = sqlx::query_as!(
        AuditItem,
        r#"SELECT id, at, business_id, actor_id, actor_name, host(ip) AS ip, request_id, action, entity_type,
                  entity_id, before, after
           FROM prosaas.audit_records
           WHERE business_id = $1
             AND ($2::uuid IS NULL OR actor_id = $2)
             AND ($3::text IS NULL OR action = $3)
             AND ($4::text IS NULL OR starts_with(action, $4))
             AND ($5::text IS NULL OR entity_type = $5)
             AND ($6::text IS NULL OR entity_id = $6)
             AND ($7::timestamptz IS NULL OR at >= $7)
             AND ($8::timestamptz IS NULL OR at < $8)
             AND ($9::timestamptz IS NULL OR (at, id) < ($9, $10::uuid))
           ORDER BY at DESC, id DESC
           LIMIT $11"#,
        business.0,
        filter.actor_id.map(|actor| actor.0),
        bounds.action,
        bounds.kind,
        filter.entity_type,
        filter.entity_id,
        filter.from,
        filter.to,
        bounds.after_at(),
        bounds.after_id(),
        bounds.limit.probe()
    )
    .fetch_all(&mut *read)
    .await?;
    read.commit().await?;
    page(app, session, Some(business), filter, &bounds, rows)
}

/// Records of all businesses and of the system itself.
pub async fn of_all(app: &App, session: &Session, filter: &AuditFilter) -> Result<Page<AuditItem>, Problem> {
    let bounds = Bounds::read(app, None, filter)?;
    let mut read = app.api.reads.begin(session, None).await?;
    let rows = sqlx::query_as!(
        AuditItem,
        r#"SELECT id, at, business_id, actor_id, actor_name, host(ip) AS ip, request_id, action, entity_type,
                  entity_id, before, after
           FROM prosaas.audit_records
           WHERE ($1::uuid IS NULL OR actor_id = $1)
             AND ($2::text IS NULL OR action = $2)
             AND ($3::text IS NULL OR starts_with(action, $3))
             AND ($4::text IS NULL OR entity_type = $4)
             AND ($5::text IS NULL OR entity_id = $5)
             AND ($6::timestamptz IS NULL OR at >= $6)
             AND ($7::timestamptz IS NULL OR at < $7)
             AND ($8::timestamptz IS NULL OR (at, id) < ($8, $9::uuid))
           ORDER BY at DESC, id DESC
           LIMIT $10"#,
        filter.actor_id.map(|actor| actor.0),
        bounds.action,
        bounds.kind,
        filter.entity_type,
        filter.entity_id,
        filter.from,
        filter.to,
        bounds.after_at(),
        bounds.after_id(),
        bounds.limit.probe()
    )
    .fetch_all(&mut *read)
    .await?;
    read.commit().await?;
    page(app, session, None, filter, &bounds, rows)
}

//! Searching the audit records.

mod search;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Right,
};
use serde::Deserialize;

use self::search::{AuditFilter, AuditItem, of_all, of_business};
use crate::{
    http::{
        extract::{ApiPath, ApiQuery},
        page::Page,
        problem::Problem,
        session::Session,
    },
    request::{
        routes::{Description, Routes, routes},
        scope,
    },
    state::App,
};

/// The routes `/api/admin/audit` and `/api/businesses/{business_id}/audit`.
pub fn routes<D: Description>() -> Routes<D> {
    routes![self::search_all_audit, self::search_audit]
}

/// Which records of all.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AllAuditFilter {
    /// Only records of this business.
    business_id: Option<BusinessId>,
    /// Only what this person did.
    actor_id: Option<UserId>,
    /// Only this action, such as `lead.delete`, or all of a kind, such as `lead.`.
    #[param(max_length = 100)]
    action: Option<String>,
    /// Only things of this kind.
    #[param(max_length = 100)]
    entity_type: Option<String>,
    /// Only this thing.
    #[param(max_length = 100)]
    entity_id: Option<String>,
    /// Only since then.
    from: Option<DateTime<Utc>>,
    /// Only before then.
    to: Option<DateTime<Utc>>,
    /// Where to go on, from the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Who changed what, everywhere; the latest first.
#[utoipa::path(
    get,
    path = "/api/admin/audit",
    operation_id = "search_all_audit",
    tag = "audit",
    params(AllAuditFilter),
    responses((status = 200, description = "A page", body = Page<AuditItem>)),
)]
pub async fn search_all_audit(
    State(app): State<App>,
    session: Session,
    ApiQuery(all): ApiQuery<AllAuditFilter>,
) -> Result<Json<Page<AuditItem>>, Problem> {
    session.require(Right::Administer, None)?;
    let filter = AuditFilter {
        actor_id: all.actor_id,
        action: all.action,
        entity_type: all.entity_type,
        entity_id: all.entity_id,
        from: all.from,
        to: all.to,
        cursor: all.cursor,
        limit: all.limit,
    };
    let page = match all.business_id {
        Some(business) => of_business(&app, &session, business, &filter).await?,
        None => of_all(&app, &session, &filter).await?,
    };
    Ok(Json(page))
}

/// Who changed what in the business; the latest first.
#[utoipa::path(
    get,
    path = "/api/businesses/{business_id}/audit",
    operation_id = "search_audit",
    tag = "audit",
    params(("business_id" = BusinessId, Path, description = "The business"), AuditFilter),
    responses((status = 200, description = "A page", body = Page<AuditItem>)),
)]
pub async fn search_audit(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
    ApiQuery(filter): ApiQuery<AuditFilter>,
) -> Result<Json<Page<AuditItem>>, Problem> {
    let business = scope::of_path(&app, &session, business, Right::ReadAudit).await?;
    Ok(Json(of_business(&app, &session, business, &filter).await?))
}

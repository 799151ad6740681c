//! `POST /api/leads/bulk-delete` and `POST /api/leads/bulk-restore`.

use std::collections::HashSet;

use axum::extract::State;
use prosaas_domain::{
    ids::{BatchId, LeadId},
    rights::Right,
};
use prosaas_events::crm::lead::{LeadDeleteManyV1, LeadRestoreManyV1, MAX_BULK};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    filter::{Deleted, LeadFilter},
    select,
};
use crate::{
    http::{
        extract::{ApiJson, ApiQuery},
        idempotency,
        problem::Problem,
        query::ScopeQuery,
    },
    request::{
        command::{CommandResponse, new_id, submit},
        meta::RequestMeta,
        scope::BusinessScope,
    },
    state::App,
};

/// Most ids in a request: as many as its body holds.
const MAX_IDS: usize = 5_000;

/// Which leads: those named, or all that a filter means at this moment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ManyLeads {
    /// Those named.
    Ids(LeadIds),
    /// All that a filter means, at most 10,000.
    Filter(FilteredLeads),
}

/// Leads by their ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadIds {
    /// Their ids.
    #[schema(min_items = 1, max_items = 5000)]
    ids: Vec<LeadId>,
}

/// Leads by a filter, as in the list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilteredLeads {
    /// The filter.
    filter: LeadFilter,
}

/// Puts several leads into the trash. Of a filter, those that it means now: what comes
/// to fit it later stays.
#[utoipa::path(
    post,
    path = "/api/leads/bulk-delete",
    operation_id = "delete_leads",
    tag = "leads",
    params(ScopeQuery),
    request_body = ManyLeads,
    responses(CommandResponse),
)]
pub async fn delete(
    State(app): State<App>,
    scope: BusinessScope,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
    ApiJson(which): ApiJson<ManyLeads>,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    if let ManyLeads::Filter(FilteredLeads { filter: LeadFilter { deleted: Some(Deleted::Only), .. } }) =
        which
    {
        return Err(Problem::invalid("filter.deleted", "trash", "What is in the trash is deleted already."));
    }
    let lead_ids = frozen(&app, &scope, &meta, which).await?;
    charge(&app, &scope, &meta, lead_ids.len()).await?;
    let batch_id = BatchId(new_id(&scope.session, &meta));
    let args = LeadDeleteManyV1 { batch_id, lead_ids };
    submit(&app, &scope.session, &meta, Some(scope.business_id), args).await
}

/// Takes several leads out of the trash.
#[utoipa::path(
    post,
    path = "/api/leads/bulk-restore",
    operation_id = "restore_leads",
    tag = "leads",
    params(ScopeQuery),
    request_body = ManyLeads,
    responses(CommandResponse),
)]
pub async fn restore(
    State(app): State<App>,
    scope: BusinessScope,
    _query: ApiQuery<ScopeQuery>,
    meta: RequestMeta,
    ApiJson(mut which): ApiJson<ManyLeads>,
) -> Result<CommandResponse, Problem> {
    scope.require(Right::WriteCrm)?;
    if let ManyLeads::Filter(FilteredLeads { filter }) = &mut which {
        filter.deleted = Some(Deleted::Only);
    }
    let lead_ids = frozen(&app, &scope, &meta, which).await?;
    charge(&app, &scope, &meta, lead_ids.len()).await?;
    let batch_id = BatchId(new_id(&scope.session, &meta));
    let args = LeadRestoreManyV1 { batch_id, lead_ids };
    submit(&app, &scope.session, &meta, Some(scope.business_id), args).await
}

/// The ids that are meant, each once, all of them the business's own.
async fn frozen(
    app: &App,
    scope: &BusinessScope,
    meta: &RequestMeta,
    which: ManyLeads,
) -> Result<Vec<LeadId>, Problem> {
    let (database, business) = (&app.api.database, scope.business_id.0);
    match which {
        ManyLeads::Ids(LeadIds { ids }) => {
            if ids.is_empty() || ids.len() > MAX_IDS {
                let why = format!("Name 1 to {MAX_IDS} leads, or use a filter.");
                return Err(Problem::invalid("ids", "length", why));
            }
            let mut seen = HashSet::new();
            let ids: Vec<Uuid> = ids.into_iter().map(|id| id.0).filter(|id| seen.insert(*id)).collect();
            let known = sqlx::query_scalar!(
                r#"SELECT count(*) AS "known!" FROM prosaas.leads WHERE business_id = $1 AND id = ANY($2)"#,
                business,
                &ids
            )
            .fetch_one(database)
            .await?;
            if usize::try_from(known) != Ok(ids.len()) {
                return Err(Problem::not_found());
            }
            Ok(ids.into_iter().map(LeadId).collect())
        }
        ManyLeads::Filter(FilteredLeads { filter }) => {
            let wanted = filter.wanted().map_err(|problem| Problem { status: 422, ..problem })?;
            let probe = i64::try_from(MAX_BULK).unwrap_or(i64::MAX).saturating_add(1);
            let ids = select::ids(scope.begin_read(app).await?, business, &wanted, probe).await?;
            // Sent again after it was applied, it means nothing any more and is the same command.
            let none = ids.is_empty() && !already_asked(app, scope, meta).await?;
            if none || ids.len() > MAX_BULK {
                let why = format!("The filter must mean 1 to {MAX_BULK} leads.");
                return Err(Problem::invalid("filter", "count", why));
            }
            Ok(ids.into_iter().map(LeadId).collect())
        }
    }
}

/// The business pays for each lead; what it asked for before, it has paid.
async fn charge(app: &App, scope: &BusinessScope, meta: &RequestMeta, leads: usize) -> Result<(), Problem> {
    if already_asked(app, scope, meta).await? {
        return Ok(());
    }
    app.api.limits.bulk(scope.business_id, leads)
}

async fn already_asked(app: &App, scope: &BusinessScope, meta: &RequestMeta) -> Result<bool, Problem> {
    idempotency::known(&app.api.database, scope.session.user_id, meta.idempotency_key.as_ref()).await
}

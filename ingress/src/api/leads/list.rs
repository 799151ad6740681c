//! `GET /api/leads`.

use axum::{Json, extract::State};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Right,
};
use prosaas_events::crm::lead::{LeadSource, LeadStatus};
use serde::Deserialize;

use super::{
    filter::{Deleted, LeadFilter, LeadSort, Order},
    model::LeadItem,
    select::{self, After},
};
use crate::{
    http::{
        extract::ApiQuery,
        page::{Limit, Page},
        problem::Problem,
    },
    request::scope::BusinessScope,
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "leads";

/// Which leads, in which order, which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LeadsQuery {
    /// Parts of a name, a tag, an e-mail address or a phone number in any spelling.
    #[param(max_length = 100)]
    q: Option<String>,
    /// Its status.
    #[param(inline)]
    status: Option<LeadStatus>,
    /// Where it came from.
    #[param(inline)]
    source: Option<LeadSource>,
    /// Who looks after it.
    owner_id: Option<UserId>,
    /// One of its tags.
    #[param(max_length = 50)]
    tag: Option<String>,
    /// The trash instead of what lives. It is sorted by `deleted_at` alone.
    #[param(inline)]
    deleted: Option<Deleted>,
    /// What the list is sorted by; `created_at` when absent, in the trash `deleted_at`.
    #[param(inline)]
    sort: Option<LeadSort>,
    /// Which end comes first; `asc` by name and `desc` by a time when absent.
    #[param(inline)]
    order: Option<Order>,
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

impl LeadsQuery {
    fn filter(&self) -> LeadFilter {
        LeadFilter {
            q: self.q.clone(),
            status: self.status,
            source: self.source,
            owner_id: self.owner_id,
            tag: self.tag.clone(),
            deleted: self.deleted,
        }
    }

    /// The trash has one order, everything else never that one.
    fn sorting(&self) -> Result<(LeadSort, Order), Problem> {
        let trash = self.deleted.is_some();
        let usual = if trash { LeadSort::DeletedAt } else { LeadSort::CreatedAt };
        let sort = self.sort.unwrap_or(usual);
        if (sort == LeadSort::DeletedAt) != trash {
            let why = "The trash is sorted by deleted_at, and nothing else is.";
            return Err(Problem { status: 400, ..Problem::invalid("sort", "trash", why) });
        }
        let order = self.order.unwrap_or(if sort == LeadSort::Name { Order::Asc } else { Order::Desc });
        Ok((sort, order))
    }
}

/// Leads of a business, page by page.
#[utoipa::path(
    get,
    path = "/api/leads",
    operation_id = "list_leads",
    tag = "leads",
    params(LeadsQuery),
    responses((status = 200, description = "A page of leads", body = Page<LeadItem>)),
)]
pub async fn list(
    State(app): State<App>,
    scope: BusinessScope,
    ApiQuery(query): ApiQuery<LeadsQuery>,
) -> Result<Json<Page<LeadItem>>, Problem> {
    scope.require(Right::ReadCrm)?;
    let limit = Limit::new(query.limit)?;
    let wanted = query.filter().wanted()?;
    let sorting = query.sorting()?;
    let decides = (scope.business_id, &wanted, sorting);
    let cursors = &app.api.cursors;
    let after = cursors
        .decode(LIST, &decides, query.cursor.as_deref())?
        .unwrap_or_else(|| After::nothing(sorting.0, sorting.1));
    let business = scope.business_id.0;
    let read = scope.begin_read(&app).await?;
    let rows = select::page(read, business, &wanted, sorting, &after, limit.probe()).await?;
    let page = Page::new(rows, limit, |row| {
        cursors.encode(LIST, &decides, &After { key: row.sort_key.clone(), id: row.id })
    })?;
    let Page { items, next_cursor } = page;
    let items = items.into_iter().map(LeadItem::try_from).collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next_cursor }))
}

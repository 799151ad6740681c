//! `GET /api/calls`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, LeadId, UserId},
    phone::{self, Number},
    rights::Right,
};
use serde::Deserialize;

use super::{
    model::Call,
    select::{self, After, Wanted},
};
use crate::{
    http::{
        extract::ApiQuery,
        page::{Limit, Page},
        problem::Problem,
        query,
    },
    request::scope::BusinessScope,
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "calls";

/// Longest number, characters.
const MAX_NUMBER: usize = 40;

/// Which calls, and which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CallsQuery {
    /// Whether nobody of the business spoke with the caller.
    missed: Option<bool>,
    /// Whether the two spoke: somebody of the business took the call, or whom it called did.
    answered: Option<bool>,
    /// Whether it is missed, its caller can be called back, and nobody has yet.
    to_call_back: Option<bool>,
    /// The lead on the other side.
    lead_id: Option<LeadId>,
    /// Only calls that this person of the business took.
    person: Option<UserId>,
    /// Who called or was called, in any spelling.
    #[param(max_length = 40)]
    number: Option<String>,
    /// Began then or later.
    from: Option<DateTime<Utc>>,
    /// Began before.
    to: Option<DateTime<Utc>>,
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

impl CallsQuery {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let number = query::text("number", self.number.as_deref(), MAX_NUMBER)?;
        let unreadable =
            || Problem { status: 400, ..Problem::invalid("number", "format", "number is no phone number.") };
        Ok(Wanted {
            missed: self.missed,
            answered: self.answered,
            to_call_back: self.to_call_back,
            lead: self.lead_id.map(|id| id.0),
            person: self.person.map(|id| id.0),
            number: number
                .map(|text| {
                    phone::read(&text).and_then(Number::e164).map(String::from).ok_or_else(unreadable)
                })
                .transpose()?,
            from: self.from.map(|at| query::moment("from", at)).transpose()?,
            to: self.to.map(|at| query::moment("to", at)).transpose()?,
        })
    }
}

/// Calls of a business, the latest first, page by page.
#[utoipa::path(
    get,
    path = "/api/calls",
    operation_id = "list_calls",
    tag = "calls",
    params(CallsQuery),
    responses((status = 200, description = "A page of calls", body = Page<Call>)),
)]
pub async fn list(
    State(app): State<App>,
    scope: BusinessScope,
    ApiQuery(query): ApiQuery<CallsQuery>,
) -> Result<Json<Page<Call>>, Problem> {
    scope.require(Right::ReadCrm)?;
    let limit = Limit::new(query.limit)?;
    let wanted = query.wanted()?;
    let decides = (scope.business_id, &wanted);
    let cursors = &app.api.cursors;
    let after =
        cursors.decode(LIST, &decides, query.cursor.as_deref())?.unwrap_or_else(|| After::nothing(wanted.to));
    let rows = select::page(scope.begin_read(&app).await?, scope.business_id, &wanted, &after, limit.probe())
        .await?;
    let Page { items, next_cursor } = Page::new(rows, limit, |row| {
        cursors.encode(LIST, &decides, &After { at: row.started_at, call_sid: row.call_sid.clone() })
    })?;
    let items = items.into_iter().map(Call::try_from).collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next_cursor }))
}

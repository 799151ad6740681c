//! `GET` and `POST /api/admin/businesses`.

use axum::{Json, extract::State};
use prosaas_domain::{ids::BusinessId, phone, rights::Right};
use prosaas_events::crm::business::BusinessCreateV1;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{Business, BusinessRow, check_free, numbers, time_zone};
use crate::{
    http::{
        extract::{ApiJson, ApiQuery},
        idempotency,
        page::{AtAndId, END_OF_TIME, Limit, Page},
        problem::Problem,
        query,
        session::Session,
        text,
    },
    request::{
        command::{CommandResponse, new_id, submit},
        meta::RequestMeta,
    },
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "businesses";

/// Where a business is when nothing is said.
const TIME_ZONE: &str = "Asia/Jerusalem";

/// Which businesses, and which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BusinessesQuery {
    /// Part of a name or of a number.
    #[param(max_length = 100)]
    q: Option<String>,
    /// Whether it is active.
    active: Option<bool>,
    /// Where the page begins: `next_cursor` of the page before.
    #[param(max_length = 2000)]
    cursor: Option<String>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A new business.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBusiness {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its time zone (IANA name); `Asia/Jerusalem` when absent.
    #[schema(max_length = 100)]
    time_zone: Option<String>,
    /// The numbers that it owns.
    #[serde(default)]
    #[schema(max_items = 50)]
    numbers: Vec<String>,
}

/// All businesses, the newest first.
#[utoipa::path(
    get,
    path = "/api/admin/businesses",
    operation_id = "list_businesses",
    tag = "businesses",
    params(BusinessesQuery),
    responses((status = 200, description = "A page of businesses", body = Page<Business>)),
)]
pub async fn list(
    State(app): State<App>,
    session: Session,
    ApiQuery(query): ApiQuery<BusinessesQuery>,
) -> Result<Json<Page<Business>>, Problem> {
    session.require(Right::Administer, None)?;
    let limit = Limit::new(query.limit)?;
    let words = query::words("q", query.q.as_deref(), 100)?;
    let number = query.q.as_deref().and_then(phone::search_key);
    let decides = (&query.q, query.active);
    let cursors = &app.api.cursors;
    let after = cursors
        .decode(LIST, &decides, query.cursor.as_deref())?
        .unwrap_or(AtAndId { at: END_OF_TIME, id: uuid::Uuid::max() });
    let rows = sqlx::query_as!(
        BusinessRow,
        r#"SELECT b.id, b.name, b.time_zone, b.active, b.created_at,
                  ARRAY(SELECT n.e164 FROM prosaas.business_numbers n
                        WHERE n.business_id = b.id AND n.released_at IS NULL
                        ORDER BY n.e164) AS "numbers!"
           FROM prosaas.businesses b
           WHERE b.deleted_at IS NULL
               AND ($1::boolean IS NULL OR b.active = $1)
               AND ($2::text[] IS NULL OR EXISTS (
                   SELECT FROM unnest($2) AS words WHERE prosaas.holds_words(b.name, words)
               ) OR EXISTS (
                   SELECT FROM prosaas.business_numbers n
                   WHERE n.business_id = b.id AND n.released_at IS NULL AND position($6 IN prosaas.number_digits(n.e164, n.e164)) > 0
               ))
               AND (b.created_at, b.id) < ($3, $4)
           ORDER BY b.created_at DESC, b.id DESC LIMIT $5"#,
        query.active,
        words.as_deref(),
        after.at,
        after.id,
        limit.probe(),
        number
    )
    .fetch_all(&app.api.database)
    .await?;
    let page = Page::new(rows, limit, |row| {
        cursors.encode(LIST, &decides, &AtAndId { at: row.created_at, id: row.id })
    })?;
    Ok(Json(page.map(Business::from)))
}

/// Takes a business in. The operation's `entity_id` is its id; people are invited next.
#[utoipa::path(
    post,
    path = "/api/admin/businesses",
    operation_id = "create_business",
    tag = "businesses",
    request_body = NewBusiness,
    responses(CommandResponse),
)]
pub async fn create(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiJson(new): ApiJson<NewBusiness>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let name = text::name("name", &new.name)?;
    let business_id = BusinessId(new_id(&session, &meta));
    let args = BusinessCreateV1 {
        business_id,
        name,
        time_zone: time_zone(new.time_zone.as_deref().unwrap_or(TIME_ZONE))?,
        numbers: numbers(&new.numbers)?,
    };
    let database = &app.api.database;
    if !idempotency::known(database, session.user_id, meta.idempotency_key.as_ref()).await? {
        check_free(database, business_id, &args.numbers).await?;
    }
    submit(&app, &session, &meta, None, args).await
}

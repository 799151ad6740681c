//! Lists of people, the latest first.

use chrono::{DateTime, Utc};
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
    },
    state::App,
};

/// The list's name in its cursors.
const LIST: &str = "users";

/// Longest text that is searched for, characters.
const MAX_Q: usize = 200;

/// Which rows of those that were deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deleted {
    /// Only they; without the parameter they are left out.
    Only,
}

/// Which people.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserFilter {
    /// Only people of this role.
    pub role: Option<Role>,
    /// Parts of name or address.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// Only people who were removed; they are left out otherwise.
    #[param(inline)]
    pub deleted: Option<Deleted>,
    /// Where to go on, from the page before.
    pub cursor: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserItem {
    /// Their id.
    pub id: UserId,
    /// Where they work; null for a system admin.
    #[schema(required = true)]
    pub business_id: Option<BusinessId>,
    /// That business's name.
    #[schema(required = true)]
    pub business_name: Option<String>,
    /// The address that they log in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// Where they take calls; null for somebody who takes none.
    #[schema(required = true)]
    pub call_number: Option<String>,
    /// They take no calls before then.
    #[schema(required = true)]
    pub calls_not_before: Option<DateTime<Utc>>,
    /// When they were made.
    pub created_at: DateTime<Utc>,
    /// When they were last seen, to the minute; null for never.
    #[schema(required = true)]
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When they were removed; null while they are there.
    #[schema(required = true)]
    pub deleted_at: Option<DateTime<Utc>>,
    /// Who removed them, by the name of today.
    #[schema(required = true)]
    pub deleted_by_name: Option<String>,
}

/// One page of the people of a business, or, without one, of all.
pub async fn list(
    app: &App,
    business: Option<BusinessId>,
    filter: &UserFilter,
) -> Result<Page<UserItem>, Problem> {
    let limit = Limit::new(filter.limit)?;
    let words = query::words("q", filter.q.as_deref(), MAX_Q)?;
    let key = (business, filter.role, &filter.q, filter.deleted);
    let after: Option<AtAndId> = app.api.cursors.decode(LIST, &key, filter.cursor.as_deref())?;
    let rows = sqlx::query!(
        r#"SELECT u.id, u.business_id, b.name AS "business_name?", u.email, u.name, u.role, u.created_at,
                  a.number AS "call_number?", a.not_before AS "calls_not_before?",
                  u.deleted_at, d.name AS "deleted_by_name?",
                  (SELECT max(s.last_seen_at) FROM prosaas.user_sessions s WHERE s.user_id = u.id)
                      AS last_seen_at
           FROM prosaas.users u
           LEFT JOIN prosaas.businesses b ON b.id = u.business_id
           LEFT JOIN prosaas.call_people a ON a.user_id = u.id
           LEFT JOIN prosaas.users d ON d.id = u.deleted_by
           WHERE ($1::uuid IS NULL OR u.business_id = $1)
             AND (u.deleted_at IS NOT NULL) = $2
             AND ($3::text IS NULL OR u.role = $3)
             AND ($4::text[] IS NULL OR EXISTS (
                 SELECT FROM unnest($4) AS words
                 WHERE prosaas.holds_words(concat_ws(' ', u.name, u.email), words)
             ))
             AND ($5::timestamptz IS NULL OR (u.created_at, u.id) < ($5, $6::uuid))
           ORDER BY u.created_at DESC, u.id DESC
           LIMIT $7"#,
        business.map(|business| business.0),
        filter.deleted.is_some(),
        filter.role.map(Role::as_str),
        words.as_deref(),
        after.map(|after| after.at),
        after.map_or(Uuid::nil(), |after| after.id),
        limit.probe()
    )
    .fetch_all(&app.api.database)
    .await?;
    let items = rows.into_iter().map(|row| {
        Ok(UserItem {
            id: UserId(row.id),
            business_id: row.business_id.map(BusinessId),
            business_name: row.business_name,
            email: row.email,
            name: row.name,
            role: row.role.parse().map_err(|_| Problem::internal())?,
            call_number: row.call_number,
            calls_not_before: row.calls_not_before.filter(|until| *until > app.clock.now()),
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            deleted_at: row.deleted_at,
            deleted_by_name: row.deleted_by_name,
        })
    });
    let items = items.collect::<Result<Vec<_>, Problem>>()?;
    Page::new(items, limit, |last| {
        app.api.cursors.encode(LIST, &key, &AtAndId { at: last.created_at, id: last.id.0 })
    })
}

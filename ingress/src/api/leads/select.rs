//! The queries of leads. Each order has a statement of its own, so that each reads
//! its index from the cursor on.

use sqlx::PgPool;
use uuid::Uuid;

use super::{
    filter::{LeadSort, Order, Wanted},
    model::{LeadPhone, LeadRow},
};
use crate::{http::problem::Problem, services::planned_reads::PlannedRead};

/// Rows of leads: what stands for the notes, the sort key, and everything behind FROM
/// and its joins.
macro_rules! lead_rows {
    ($notes:tt, $key:tt, [$($rest:tt)+] $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            LeadRow,
            r#"SELECT l.id, l.name, l.email, l.status, l.source, l.owner_id, o.name AS "owner_name?", l.tags, "#
                + $notes
                + r#" AS "notes!", l.version, l.created_at, l.updated_at, l.last_call_at, l.deleted_at,
                      l.deleted_by, d.name AS "deleted_by_name?",
                      (SELECT jsonb_agg(jsonb_build_object('raw', p.raw, 'e164', p.e164)
                                        ORDER BY p.position, p.id)
                       FROM prosaas.lead_phones p
                       WHERE p.business_id = l.business_id AND p.lead_id = l.id
                      ) AS "phones: sqlx::types::Json<Vec<LeadPhone>>",
                      ("#
                + $key
                + r#")::text AS "sort_key!"
                FROM prosaas.leads l
                LEFT JOIN prosaas.users o ON o.id = l.owner_id AND o.business_id = l.business_id
                LEFT JOIN prosaas.users d
                    ON d.id = l.deleted_by AND (d.business_id = l.business_id OR d.business_id IS NULL)
                WHERE l.business_id = $1 AND "#
                + $($rest)+,
            $($argument),*
        )
    };
}

/// One page in one order.
macro_rules! page {
    ($database:expr, $business:expr, $wanted:expr, $after:expr, $limit:expr,
     $state:tt, $key:tt, $cast:tt, $beyond:tt, $direction:tt) => {
        lead_rows!(
            "''",
            $key,
            [$state
                + r"
                AND ($2::text IS NULL
                     OR (l.fold_pieces @> prosaas.fold_query($1, $2)
                         AND l.fold_text LIKE ALL (prosaas.fold_patterns($2)))
                     OR ($10::text IS NOT NULL AND l.fold_pieces @> prosaas.fold_query($1, $10)
                         AND l.fold_text LIKE ALL (prosaas.fold_patterns($10))))
                AND ($3::text IS NULL OR l.status = $3)
                AND ($4::text IS NULL OR l.source = $4)
                AND ($5::uuid IS NULL OR l.owner_id = $5)
                AND ($6::text IS NULL OR l.tags @> ARRAY[$6])
                AND ("
                + $key
                + ", l.id) "
                + $beyond
                + " ($7::text"
                + $cast
                + ", $8) ORDER BY "
                + $key
                + $direction
                + ", l.id"
                + $direction
                + " LIMIT $9"],
            $business,
            $wanted.q.as_deref(),
            $wanted.status.as_deref(),
            $wanted.source.as_deref(),
            $wanted.owner,
            $wanted.tag.as_deref(),
            $after.key,
            $after.id,
            $limit,
            $wanted.q_broken.as_deref(),
        )
        .fetch_all(&mut *$database)
        .await
    };
}

/// Where a page begins: behind the row with this sort key and id.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct After {
    pub key: String,
    pub id: Uuid,
}

impl After {
    /// In front of every row.
    pub(super) fn nothing(sort: LeadSort, order: Order) -> Self {
        // No name has eight of the last code point in a row.
        let last_name = || "\u{10ffff}".repeat(8);
        let (key, id) = match (sort, order) {
            (LeadSort::Name, Order::Asc) => (String::new(), Uuid::nil()),
            (LeadSort::Name, Order::Desc) => (last_name(), Uuid::max()),
            (_, Order::Asc) => ("-infinity".to_owned(), Uuid::nil()),
            (_, Order::Desc) => ("infinity".to_owned(), Uuid::max()),
        };
        Self { key, id }
    }
}

/// The rows of a page.
pub(super) async fn page(
    mut read: PlannedRead,
    business: Uuid,
    wanted: &Wanted,
    (sort, order): (LeadSort, Order),
    after: &After,
    limit: i64,
) -> Result<Vec<LeadRow>, Problem> {
    macro_rules! live {
        ($key:tt, $cast:tt, $beyond:tt, $direction:tt) => {
            page!(
                read,
                business,
                wanted,
                after,
                limit,
                "l.deleted_at IS NULL",
                $key,
                $cast,
                $beyond,
                $direction
            )
        };
    }
    macro_rules! trash {
        ($beyond:tt, $direction:tt) => {
            page!(
                read,
                business,
                wanted,
                after,
                limit,
                "l.deleted_at IS NOT NULL",
                "l.deleted_at",
                "::timestamptz",
                $beyond,
                $direction
            )
        };
    }
    let rows = match (sort, order) {
        (LeadSort::CreatedAt, Order::Asc) => live!("l.created_at", "::timestamptz", ">", " ASC"),
        (LeadSort::CreatedAt, Order::Desc) => live!("l.created_at", "::timestamptz", "<", " DESC"),
        (LeadSort::UpdatedAt, Order::Asc) => live!("l.updated_at", "::timestamptz", ">", " ASC"),
        (LeadSort::UpdatedAt, Order::Desc) => live!("l.updated_at", "::timestamptz", "<", " DESC"),
        (LeadSort::Name, Order::Asc) => {
            live!(r#"lower(coalesce(l.name, '')) COLLATE "C""#, "", ">", " ASC")
        }
        (LeadSort::Name, Order::Desc) => {
            live!(r#"lower(coalesce(l.name, '')) COLLATE "C""#, "", "<", " DESC")
        }
        (LeadSort::LastCall, Order::Asc) => {
            live!("coalesce(l.last_call_at, '-infinity'::timestamptz)", "::timestamptz", ">", " ASC")
        }
        (LeadSort::LastCall, Order::Desc) => {
            live!("coalesce(l.last_call_at, '-infinity'::timestamptz)", "::timestamptz", "<", " DESC")
        }
        (LeadSort::DeletedAt, Order::Asc) => trash!(">", " ASC"),
        (LeadSort::DeletedAt, Order::Desc) => trash!("<", " DESC"),
    }?;
    read.commit().await?;
    Ok(rows)
}

/// One lead, deleted or not, with its notes.
pub(super) async fn one(database: &PgPool, business: Uuid, lead: Uuid) -> Result<Option<LeadRow>, Problem> {
    let row = lead_rows!("l.notes", "''", ["l.id = $2"], business, lead).fetch_optional(database).await?;
    Ok(row)
}

/// What decides whether a lead can be changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeadState {
    /// Its version.
    pub version: i64,
    /// Whether it is in the trash.
    pub deleted: bool,
}

/// How a lead stands.
///
/// # Errors
/// 404 where the business has no such lead.
pub(super) async fn state(database: &PgPool, business: Uuid, lead: Uuid) -> Result<LeadState, Problem> {
    sqlx::query_as!(
        LeadState,
        r#"SELECT version, deleted_at IS NOT NULL AS "deleted!" FROM prosaas.leads
           WHERE business_id = $1 AND id = $2"#,
        business,
        lead
    )
    .fetch_optional(database)
    .await?
    .ok_or_else(Problem::not_found)
}

/// The ids of all that a filter means, newest first, at most `limit`.
pub(super) async fn ids(
    mut read: PlannedRead,
    business: Uuid,
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<Uuid>, Problem> {
    let ids = sqlx::query_scalar!(
        "SELECT l.id FROM prosaas.leads l
         WHERE l.business_id = $1 AND (l.deleted_at IS NOT NULL) = $2
             AND ($3::text IS NULL
                  OR (l.fold_pieces @> prosaas.fold_query($1, $3)
                      AND l.fold_text LIKE ALL (prosaas.fold_patterns($3)))
                  OR ($9::text IS NOT NULL AND l.fold_pieces @> prosaas.fold_query($1, $9)
                      AND l.fold_text LIKE ALL (prosaas.fold_patterns($9))))
             AND ($4::text IS NULL OR l.status = $4)
             AND ($5::text IS NULL OR l.source = $5)
             AND ($6::uuid IS NULL OR l.owner_id = $6)
             AND ($7::text IS NULL OR l.tags @> ARRAY[$7])
         ORDER BY l.created_at DESC, l.id DESC LIMIT $8",
        business,
        wanted.trash,
        wanted.q.as_deref(),
        wanted.status.as_deref(),
        wanted.source.as_deref(),
        wanted.owner,
        wanted.tag.as_deref(),
        limit,
        wanted.q_broken.as_deref()
    )
    .fetch_all(&mut *read)
    .await?;
    read.commit().await?;
    Ok(ids)
}

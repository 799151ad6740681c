//! Reads whose best plan depends on what was asked for.

use sqlx::{PgPool, Postgres, Transaction};

use crate::problem::Problem;

/// Begins a read whose statements are planned with the values of their parameters.
///
/// A statement that takes every filter of a list fits each request by another index. After
/// a few uses Postgres would settle on one plan for all of them, which walks the list's
/// order even where a search finds three rows.
///
/// It holds for one transaction, because a pooler may give the next one another session.
///
/// # Errors
/// 503 where Postgres cannot be reached.
pub async fn read(database: &PgPool) -> Result<Transaction<'static, Postgres>, Problem> {
    Ok(database.begin_with("BEGIN READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan").await?)
}

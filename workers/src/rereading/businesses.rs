//! What businesses own and forward to: few rows, all of them looked at.

use prosaas_domain::{
    ids::BusinessId,
    phone::{self, E164},
};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, PgPool, types::Json};
use uuid::Uuid;

use super::system::actor;
use crate::audit::{self, Record};

#[derive(FromRow)]
struct Own {
    id: Uuid,
    e164: String,
}

/// Reads them all; returns how many businesses changed.
pub(super) async fn reread(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let ids: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM prosaas.businesses WHERE deleted_at IS NULL ORDER BY id")
            .fetch_all(pool)
            .await?;
    let mut changed = 0;
    for id in ids {
        let mut transaction = pool.begin().await?;
        if reread_one(&mut transaction, id).await? {
            transaction.commit().await?;
            changed += 1;
        }
    }
    Ok(changed)
}

async fn reread_one(connection: &mut PgConnection, business: Uuid) -> Result<bool, sqlx::Error> {
    let settings: Option<Json<Value>> = sqlx::query_scalar(
        "SELECT call_settings FROM prosaas.businesses WHERE id = $1 AND deleted_at IS NULL FOR UPDATE",
    )
    .bind(business)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(Json(mut settings)) = settings else { return Ok(false) };
    let before = settings.get("forward_to").cloned();
    let own = reread_own(connection, business).await?;
    let targets = reread_targets(&mut settings);
    if own.is_empty() && !targets {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE prosaas.businesses
         SET call_settings = $2, call_settings_revision = call_settings_revision + 1, updated_at = now()
         WHERE id = $1",
    )
    .bind(business)
    .bind(Json(&settings))
    .execute(&mut *connection)
    .await?;
    let (was, is): (Vec<_>, Vec<_>) = own.into_iter().unzip();
    let record = Record {
        business: Some(BusinessId(business)),
        actor: &actor(),
        request: None,
        event_id: None,
        action: "business.reread_numbers",
        entity_type: "business",
        entity_id: &business.to_string(),
        before: Some(json!({ "numbers": was, "forward_to": before })),
        after: Some(json!({ "numbers": is, "forward_to": settings.get("forward_to") })),
    };
    audit::write(connection, record).await?;
    Ok(true)
}

/// Numbers that are written otherwise now, with how they were. One that another business
/// owns stays as it is, and is listed.
async fn reread_own(
    connection: &mut PgConnection,
    business: Uuid,
) -> Result<Vec<(String, E164)>, sqlx::Error> {
    let rows: Vec<Own> = sqlx::query_as(
        "SELECT id, e164 FROM prosaas.business_numbers
         WHERE business_id = $1 AND released_at IS NULL ORDER BY e164",
    )
    .bind(business)
    .fetch_all(&mut *connection)
    .await?;
    let mut changed = Vec::new();
    for row in rows {
        let Some(number) = read_otherwise(&row.e164) else { continue };
        let written = sqlx::query(
            "UPDATE prosaas.business_numbers SET e164 = $2
             WHERE id = $1 AND NOT EXISTS (
                 SELECT FROM prosaas.business_numbers WHERE e164 = $2 AND released_at IS NULL
             )",
        )
        .bind(row.id)
        .bind(number.as_str())
        .execute(&mut *connection)
        .await?;
        if written.rows_affected() == 1 {
            changed.push((row.e164, number));
        }
    }
    Ok(changed)
}

/// Whether a target is written otherwise now. What cannot be read stays, and is listed.
fn reread_targets(settings: &mut Value) -> bool {
    let Some(targets) = settings.get_mut("forward_to").and_then(Value::as_array_mut) else { return false };
    let mut read: Vec<Value> = Vec::with_capacity(targets.len());
    for target in targets.iter() {
        let number = target.as_str().and_then(read_otherwise).map_or_else(|| target.clone(), |n| json!(n));
        if !read.contains(&number) {
            read.push(number);
        }
    }
    let changed = read != *targets;
    *targets = read;
    changed
}

fn read_otherwise(text: &str) -> Option<E164> {
    phone::dialable(text).ok().filter(|number| number.as_str() != text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_once_and_nothing_is_dropped() {
        let mut settings = json!({
            "mode": "forward",
            "forward_to": ["+9720547000109", "+972547000109", "+97254111999"],
        });
        assert!(reread_targets(&mut settings));
        let read = json!({ "mode": "forward", "forward_to": ["+972547000109", "+97254111999"] });
        assert_eq!(settings, read);
        assert!(!reread_targets(&mut settings), "a second run finds nothing");
        assert!(!reread_targets(&mut json!({})));
    }
}

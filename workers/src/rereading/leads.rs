//! The numbers of leads.

use std::collections::{BTreeMap, BTreeSet};

use prosaas_domain::{
    ids::BusinessId,
    phone::{self, Number, READER, masked},
};
use serde_json::json;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use super::system::{BATCH, actor};
use crate::{
    audit::{self, Record},
    crm::leads::phones,
};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    business_id: Uuid,
    lead_id: Uuid,
    raw: String,
    e164: Option<String>,
}

impl Row {
    fn meaning(&self) -> Option<String> {
        phone::read(&self.raw).and_then(Number::e164).map(String::from)
    }
}

/// Reads a batch; returns how many rows it had. A row that somebody else holds waits for
/// the next run.
pub(super) async fn reread_batch(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, business_id, lead_id, raw, e164 FROM prosaas.lead_phones
         WHERE reader < $1 ORDER BY reader, id LIMIT $2 FOR UPDATE SKIP LOCKED",
    )
    .bind(READER)
    .bind(BATCH)
    .fetch_all(&mut *transaction)
    .await?;
    write(&mut transaction, &rows).await?;
    let mut touched: BTreeMap<BusinessId, BTreeSet<String>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.meaning() != row.e164) {
        record(&mut transaction, row).await?;
        let numbers = row.e164.clone().into_iter().chain(row.meaning());
        touched.entry(BusinessId(row.business_id)).or_default().extend(numbers);
    }
    for (business, numbers) in touched {
        let numbers: Vec<String> = numbers.into_iter().collect();
        phones::settle(&mut transaction, business, &numbers).await?;
    }
    transaction.commit().await?;
    Ok(rows.len() as u64)
}

/// A number that is another one now matches no callers until that is settled.
async fn write(connection: &mut PgConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let numbers: Vec<Option<String>> = rows.iter().map(Row::meaning).collect();
    let digits: Vec<String> = rows.iter().map(|row| phone::search_digits(&row.raw)).collect();
    sqlx::query(
        "UPDATE prosaas.lead_phones p
         SET e164 = n.e164, search_digits = n.digits, reader = $4,
             matches_callers = p.matches_callers AND p.e164 IS NOT DISTINCT FROM n.e164
         FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n (id, e164, digits)
         WHERE p.id = n.id",
    )
    .bind(ids)
    .bind(numbers)
    .bind(digits)
    .bind(READER)
    .execute(connection)
    .await?;
    Ok(())
}

async fn record(connection: &mut PgConnection, row: &Row) -> Result<(), sqlx::Error> {
    let shown = |number: Option<&str>| json!({ "phone": number.map(masked) });
    let record = Record {
        business: Some(BusinessId(row.business_id)),
        actor: &actor(),
        request: None,
        event_id: None,
        action: "lead.reread_phone",
        entity_type: "lead",
        entity_id: &row.lead_id.to_string(),
        before: Some(shown(row.e164.as_deref())),
        after: Some(shown(row.meaning().as_deref())),
    };
    audit::write(connection, record).await
}

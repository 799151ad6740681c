//! Callers whom an older reader could not read, or took as they were sent.

use std::collections::BTreeSet;

use prosaas_domain::{ids::CallSid, phone};
use serde_json::json;
use sqlx::{FromRow, PgPool};

use super::{
    change::{Change, Origin},
    lead, owner, store, told,
};
use crate::{
    audit::{self, Actor, Record},
    domain_events::{Pending, Trigger},
};

#[derive(FromRow)]
struct Row {
    call_sid: String,
    from_raw: String,
    from_e164: Option<String>,
}

/// Reads the callers of a page of calls behind `after`, adds to `changed` how many are
/// other ones now, and gives the last call of the page; none at the end.
pub async fn page(
    pool: &PgPool,
    after: &str,
    limit: i64,
    changed: &mut u64,
) -> Result<Option<String>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT call_sid, from_raw, from_e164 FROM prosaas.calls
         WHERE from_raw IS NOT NULL AND (from_e164 IS NULL OR from_e164 LIKE '+9720%') AND call_sid > $1
         ORDER BY call_sid LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    for row in &rows {
        let caller = phone::caller(&row.from_raw).map(String::from);
        if caller != row.from_e164
            && let Ok(call) = row.call_sid.parse()
        {
            reread(pool, &call).await?;
            *changed += 1;
        }
    }
    Ok(rows.into_iter().next_back().map(|row| row.call_sid))
}

/// As when the call came in: its caller, their lead, and whether they wait for a call back.
async fn reread(pool: &PgPool, call: &CallSid) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    store::lock(&mut transaction, call).await?;
    let Some(before) = store::load(&mut transaction, call).await? else { return Ok(()) };
    let actor = Actor::system("setup");
    let since = before.state.started_at.unwrap_or_default();
    let trigger = Trigger::other(format!("reread:{call}:{}", before.version), since);
    let origin = Origin { event_id: None, actor: actor.clone(), trigger };
    let after = before.clone();
    let mut changes = [Change { call: call.clone(), before: Some(before), after, steps: Vec::new(), origin }];
    let mut pending = Pending::default();
    owner::find(&mut transaction, &mut changes, &BTreeSet::from([call])).await?;
    lead::find(&mut transaction, &mut changes, &mut pending, &mut Vec::new()).await?;
    for change in &mut changes {
        // Columns that the reader fills are others, also where nothing else is.
        change.after.version += 1;
        told::tell(&mut pending, change)?;
    }
    store::save_all(&mut transaction, changes.iter().map(|change| (&change.call, &change.after))).await?;
    owner::spread(&mut transaction, &changes, &mut pending).await?;
    pending.write(&mut transaction).await?;
    let [Change { after, .. }] = changes;
    let record = Record {
        business: after.business,
        actor: &actor,
        request: None,
        event_id: None,
        action: "call.reread_caller",
        entity_type: "call",
        entity_id: call.as_str(),
        before: None,
        after: Some(json!({ "lead_id": after.lead, "caller": after.state.caller().is_some() })),
    };
    audit::write(&mut transaction, record).await?;
    transaction.commit().await
}

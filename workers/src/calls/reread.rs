//! Callers whom an older reader could not read, or took as they were sent.

use prosaas_domain::{ids::CallSid, phone};
use serde_json::json;
use sqlx::{FromRow, PgPool};

use super::{
    lead::{self, Origin},
    owner,
    store::{self, StoredCall},
    told,
};
use crate::{
    audit::{self, Actor, Record},
    domain_events::Trigger,
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
    let StoredCall { state, business, lead, version } = before.clone();
    let business = match business {
        Some(business) => Some(business),
        None => owner::of_call(&mut transaction, None, &state).await?,
    };
    let actor = Actor::system("setup");
    let trigger = Trigger::other(format!("reread:{call}:{version}"), state.started_at.unwrap_or_default());
    let origin = Origin { event_id: None, trigger: &trigger, actor: &actor, call };
    let lead = match (business, lead) {
        (Some(business), None) => lead::of_call(&mut transaction, business, &state, origin).await?,
        (_, lead) => lead,
    };
    let after = StoredCall { state, business, lead, version: version + 1 };
    store::save(&mut transaction, call, &after).await?;
    told::tell(&mut transaction, &trigger, call, Some(&before), &after).await?;
    if let Some(business) = business {
        owner::spread_to_parts(&mut transaction, &trigger, call, business).await?;
    }
    let record = Record {
        business,
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

//! One fact of the service, applied in one transaction.

use prosaas_domain::{ids::BusinessId, phone::E164};
use prosaas_events::whatsapp::{WhatsappFact, WhatsappFactV1};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use super::{
    fold::{Standing, apply},
    told::tell,
};
use crate::{
    audit::{self, Actor, Record},
    domain_events::Trigger,
    runtime::{Done, Failure, Mark, Meta, mark_processed},
    text::storable,
};

/// Applies the fact: the session's row, its history, the audit record and the processed
/// mark, or nothing of it.
pub(super) async fn apply_fact(
    pool: &PgPool,
    consumer: &str,
    meta: &Meta,
    told: &WhatsappFactV1,
) -> Result<Done, Failure> {
    let business = meta.business.ok_or_else(|| Failure::fail("the fact names no business"))?;
    let mut transaction = pool.begin().await?;
    if mark_processed(&mut transaction, consumer, &meta.key()).await? == Mark::Known {
        return Ok(Done::AlreadyApplied);
    }
    let (before, deleted) = load(&mut transaction, business, told).await?;
    add_to_history(&mut transaction, business, meta, told).await?;
    let after = apply(&before, told);
    if !deleted && after != before {
        save(&mut transaction, &after, told).await?;
        tell(&mut transaction, &Trigger::of(meta), told.session_id).await?;
        // Tries in a row stand in the history; only what changes for people is audited.
        if summary(&before) != summary(&after) {
            let record = Record {
                business: Some(business),
                actor: &Actor::of(meta),
                request: None,
                event_id: Some(&meta.key()),
                action: &format!("whatsapp.{}", told.fact.kind()),
                entity_type: "whatsapp",
                entity_id: &told.session_id.to_string(),
                before: Some(summary(&before)),
                after: Some(summary(&after)),
            };
            audit::write(&mut transaction, record).await?;
        }
    }
    transaction.commit().await?;
    Ok(Done::Applied)
}

/// The session, locked, and whether it was deleted. A session that we do not know, as
/// after a backup was restored, is taken up.
async fn load(
    connection: &mut PgConnection,
    business: BusinessId,
    told: &WhatsappFactV1,
) -> Result<(Standing, bool), Failure> {
    sqlx::query!(
        "INSERT INTO prosaas.whatsapp_sessions (id, business_id, since) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT whatsapp_sessions_pk DO NOTHING",
        told.session_id.0,
        business.0,
        told.occurred_at
    )
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query!(
        r#"SELECT business_id, state, since, last_code, reason, qr_expires_at, last_fact, fact_sequence,
                  generation, linked, phone, link_sequence, deleted_at IS NOT NULL AS "deleted!"
           FROM prosaas.whatsapp_sessions WHERE id = $1 FOR UPDATE"#,
        told.session_id.0
    )
    .fetch_one(connection)
    .await?;
    if row.business_id != business.0 {
        return Err(Failure::fail("the session belongs to another business than the fact says"));
    }
    let standing = Standing {
        state: row.state.parse().map_err(Failure::fail)?,
        since: row.since,
        last_code: row.last_code,
        reason: row.reason,
        qr_expires_at: row.qr_expires_at,
        last_fact: row.last_fact,
        fact_sequence: row.fact_sequence.try_into().map_err(Failure::fail)?,
        generation: row.generation.try_into().map_err(Failure::fail)?,
        linked: row.linked,
        phone: row.phone.as_deref().map(E164::parse).transpose().map_err(Failure::fail)?,
        link_sequence: row.link_sequence.try_into().map_err(Failure::fail)?,
    };
    Ok((standing, row.deleted))
}

async fn save(connection: &mut PgConnection, after: &Standing, told: &WhatsappFactV1) -> Result<(), Failure> {
    let number = |value: u64| i64::try_from(value).map_err(Failure::fail);
    let rows = sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions
         SET state = $2, since = $3, last_code = $4, reason = $5, qr_expires_at = $6, last_fact = $7,
             fact_sequence = $8, generation = $9, linked = $10, phone = $11, link_sequence = $12,
             pairing_code = CASE WHEN $13 THEN NULL ELSE pairing_code END,
             pairing_code_expires_at = CASE WHEN $13 THEN NULL ELSE pairing_code_expires_at END,
             updated_at = now()
         WHERE id = $1",
        told.session_id.0,
        after.state.as_str(),
        after.since,
        after.last_code,
        after.reason.as_deref().map(storable),
        after.qr_expires_at,
        after.last_fact,
        number(after.fact_sequence)?,
        number(after.generation)?,
        after.linked,
        after.phone.as_ref().map(E164::as_str),
        number(after.link_sequence)?,
        ends_a_code(&told.fact)
    )
    .execute(connection)
    .await?
    .rows_affected();
    if rows == 1 { Ok(()) } else { Err(Failure::retry("the session's row was not there to be changed")) }
}

/// Whether a pairing code means nothing any more. The others may have been raised in
/// front of the code and come after it.
fn ends_a_code(fact: &WhatsappFact) -> bool {
    matches!(
        fact,
        WhatsappFact::Paired(_)
            | WhatsappFact::Connected(_)
            | WhatsappFact::Expired(_)
            | WhatsappFact::Replaced(_)
            | WhatsappFact::LoggedOut(_)
            | WhatsappFact::Stopped(_)
    )
}

async fn add_to_history(
    connection: &mut PgConnection,
    business: BusinessId,
    meta: &Meta,
    told: &WhatsappFactV1,
) -> Result<(), Failure> {
    let (code, reason) = match &told.fact {
        WhatsappFact::Dropped(drop) => (drop.code, Some(&drop.reason)),
        WhatsappFact::Expired(ended)
        | WhatsappFact::Replaced(ended)
        | WhatsappFact::LoggedOut(ended)
        | WhatsappFact::Stopped(ended) => (ended.code, Some(&ended.reason)),
        _ => (None, None),
    };
    sqlx::query!(
        "INSERT INTO prosaas.whatsapp_session_events
            (event_id, session_id, business_id, sequence, generation, kind, code, reason, occurred_at, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT DO NOTHING",
        meta.id,
        told.session_id.0,
        business.0,
        i64::try_from(told.sequence).map_err(Failure::fail)?,
        i64::try_from(told.generation).map_err(Failure::fail)?,
        told.fact.kind(),
        code,
        reason.map(|text| storable(text)),
        told.occurred_at,
        meta.time
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The session for the audit, without the account's number: an audit record can never
/// be changed.
fn summary(standing: &Standing) -> Value {
    json!({
        "state": standing.state,
        "linked": standing.linked,
        "code": standing.last_code,
        "reason": standing.reason,
    })
}

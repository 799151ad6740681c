//! The rows of sessions that facts change, and their history: many by each statement.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, WhatsappSessionId},
    phone::E164,
};
use prosaas_events::whatsapp::WhatsappFact;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    change::{Change, Told},
    fold::Standing,
};
use crate::{runtime::Failure, text::storable};

/// A session whose row is locked.
pub(super) struct Held {
    /// Whose it is.
    pub business: BusinessId,
    /// How it stands.
    pub standing: Standing,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// The sessions, locked in one order for everybody. One that we do not know, as after a backup was restored, is taken
/// up with that business, since then.
pub(super) async fn load_all(
    connection: &mut PgConnection,
    sessions: &[(WhatsappSessionId, BusinessId, DateTime<Utc>)],
) -> Result<HashMap<WhatsappSessionId, Held>, Failure> {
    let ids: Vec<Uuid> = sessions.iter().map(|(id, ..)| id.0).collect();
    let businesses: Vec<Uuid> = sessions.iter().map(|(_, business, _)| business.0).collect();
    let since: Vec<DateTime<Utc>> = sessions.iter().map(|(.., since)| *since).collect();
    sqlx::query!(
        "INSERT INTO prosaas.whatsapp_sessions (id, business_id, since)
         SELECT s.id, s.business_id, s.since FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS s (id, business_id, since)
         ORDER BY s.id
         ON CONFLICT ON CONSTRAINT whatsapp_sessions_pk DO NOTHING",
        &ids,
        &businesses,
        &since
    )
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query!(
        r#"SELECT id, business_id, state, since, last_code, reason, reason_code, reason_until, qr_expires_at, last_fact,
                  fact_sequence, generation, linked, phone, link_sequence, deleted_at IS NOT NULL AS "deleted!"
           FROM prosaas.whatsapp_sessions WHERE id = ANY ($1) ORDER BY id FOR UPDATE"#,
        &ids
    )
    .fetch_all(connection)
    .await?;
    let mut held = HashMap::with_capacity(rows.len());
    for row in rows {
        let standing = Standing {
            state: row.state.parse().map_err(Failure::fail)?,
            since: row.since,
            last_code: row.last_code,
            reason: row.reason,
            reason_code: row.reason_code,
            until: row.reason_until,
            qr_expires_at: row.qr_expires_at,
            last_fact: row.last_fact,
            fact_sequence: row.fact_sequence.try_into().map_err(Failure::fail)?,
            generation: row.generation.try_into().map_err(Failure::fail)?,
            linked: row.linked,
            phone: row.phone.as_deref().map(E164::parse).transpose().map_err(Failure::fail)?,
            link_sequence: row.link_sequence.try_into().map_err(Failure::fail)?,
        };
        let business = BusinessId(row.business_id);
        held.insert(WhatsappSessionId(row.id), Held { business, standing, deleted: row.deleted });
    }
    Ok(held)
}

/// Writes how the sessions stand. Hold their rows.
pub(super) async fn save_all(connection: &mut PgConnection, changes: &[Change]) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let of = |number: fn(&Standing) -> u64| {
        changes.iter().map(|change| signed(number(&change.after))).collect::<Result<Vec<i64>, _>>()
    };
    let text = |words: fn(&Standing) -> Option<String>| {
        changes.iter().map(|change| words(&change.after)).collect::<Vec<Option<String>>>()
    };
    let ids: Vec<Uuid> = changes.iter().map(|change| change.session.0).collect();
    let states: Vec<String> = changes.iter().map(|change| change.after.state.as_str().to_owned()).collect();
    let since: Vec<DateTime<Utc>> = changes.iter().map(|change| change.after.since).collect();
    let codes: Vec<Option<i32>> = changes.iter().map(|change| change.after.last_code).collect();
    let reasons = text(|standing| standing.reason.as_deref().map(storable));
    let reason_codes = text(|standing| standing.reason_code.as_deref().map(storable));
    let untils: Vec<Option<DateTime<Utc>>> = changes.iter().map(|change| change.after.until).collect();
    let expiries: Vec<Option<DateTime<Utc>>> =
        changes.iter().map(|change| change.after.qr_expires_at).collect();
    let facts = text(|standing| standing.last_fact.clone());
    let (sequences, generations) =
        (of(|standing| standing.fact_sequence)?, of(|standing| standing.generation)?);
    let linked: Vec<bool> = changes.iter().map(|change| change.after.linked).collect();
    let phones = text(|standing| Some(standing.phone.as_ref()?.as_str().to_owned()));
    let links = of(|standing| standing.link_sequence)?;
    let ends: Vec<bool> = changes.iter().map(|change| change.ends_code).collect();
    sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions AS s
         SET state = n.state, since = n.since, last_code = n.last_code, reason = n.reason,
             reason_code = n.reason_code, reason_until = n.reason_until,
             qr_expires_at = n.qr_expires_at, last_fact = n.last_fact, fact_sequence = n.fact_sequence,
             generation = n.generation, linked = n.linked, phone = n.phone, link_sequence = n.link_sequence,
             pairing_code = CASE WHEN n.ends_code THEN NULL ELSE s.pairing_code END,
             pairing_code_expires_at = CASE WHEN n.ends_code THEN NULL ELSE s.pairing_code_expires_at END,
             updated_at = now()
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[], $5::text[], $6::timestamptz[], $7::text[],
                     $8::bigint[], $9::bigint[], $10::bool[], $11::text[], $12::bigint[], $13::bool[], $14::text[],
                     $15::timestamptz[])
              AS n (id, state, since, last_code, reason, qr_expires_at, last_fact, fact_sequence, generation, linked,
                    phone, link_sequence, ends_code, reason_code, reason_until)
         WHERE s.id = n.id",
        &ids,
        &states,
        &since,
        &codes as &[Option<i32>],
        &reasons as &[Option<String>],
        &expiries as &[Option<DateTime<Utc>>],
        &facts as &[Option<String>],
        &sequences,
        &generations,
        &linked,
        &phones as &[Option<String>],
        &links,
        &ends,
        &reason_codes as &[Option<String>],
        &untils as &[Option<DateTime<Utc>>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds the facts to the history; one that stands there already is left as it is.
pub(super) async fn add_to_history(
    connection: &mut PgConnection,
    facts: &[(BusinessId, Told<'_>)],
) -> Result<(), Failure> {
    let told = || facts.iter().map(|(_, (_, told))| told);
    let ids: Vec<String> = facts.iter().map(|(_, (meta, _))| meta.id.clone()).collect();
    let sessions: Vec<Uuid> = told().map(|told| told.session_id.0).collect();
    let businesses: Vec<Uuid> = facts.iter().map(|(business, _)| business.0).collect();
    let sequences = told().map(|told| signed(told.sequence)).collect::<Result<Vec<_>, _>>()?;
    let generations = told().map(|told| signed(told.generation)).collect::<Result<Vec<_>, _>>()?;
    let kinds: Vec<String> = told().map(|told| told.fact.kind().to_owned()).collect();
    let codes: Vec<Option<i32>> = told().map(|told| why(&told.fact).0).collect();
    let reasons: Vec<Option<String>> = told().map(|told| why(&told.fact).1.map(storable)).collect();
    let occurred: Vec<DateTime<Utc>> = told().map(|told| told.occurred_at).collect();
    let received: Vec<DateTime<Utc>> = facts.iter().map(|(_, (meta, _))| meta.time).collect();
    sqlx::query!(
        "INSERT INTO prosaas.whatsapp_session_events
            (event_id, session_id, business_id, sequence, generation, kind, code, reason, occurred_at, received_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::int[],
                              $8::text[], $9::timestamptz[], $10::timestamptz[])
         ON CONFLICT DO NOTHING",
        &ids,
        &sessions,
        &businesses,
        &sequences,
        &generations,
        &kinds,
        &codes as &[Option<i32>],
        &reasons as &[Option<String>],
        &occurred,
        &received
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// WhatsApp's code and the words, where the fact has them.
fn why(fact: &WhatsappFact) -> (Option<i32>, Option<&str>) {
    match fact {
        WhatsappFact::Dropped(drop) => (drop.code, Some(&drop.reason)),
        WhatsappFact::Expired(ended)
        | WhatsappFact::Interrupted(ended)
        | WhatsappFact::Replaced(ended)
        | WhatsappFact::Unlinking(ended)
        | WhatsappFact::Unlinked(ended)
        | WhatsappFact::LoggedOut(ended)
        | WhatsappFact::Stopped(ended) => (ended.code, Some(&ended.reason)),
        _ => (None, None),
    }
}

fn signed(number: u64) -> Result<i64, Failure> {
    i64::try_from(number).map_err(Failure::fail)
}

//! What a call of the service came to, in the session's row.

use std::time::Duration;

use prosaas_events::whatsapp::WhatsappState;
use prosaas_whatsapp_service::{PairingCode, ServiceError, ServiceStatus};
use sqlx::PgPool;

use super::{
    due::{Brought, Due},
    session::Effect,
    told::tell,
};
use crate::{domain_events::Trigger, text::storable};

/// The call was made. A command that came meanwhile keeps its own.
pub(super) async fn succeeded(pool: &PgPool, due: &Due, brought: &Brought) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let ours = sqlx::query_scalar!(
        r#"SELECT effect_number = $2 AS "ours!" FROM prosaas.whatsapp_sessions WHERE id = $1 FOR UPDATE"#,
        due.session.0,
        due.number
    )
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions
         SET effect_claimed_until = NULL,
             effect = CASE WHEN $2 THEN NULL ELSE effect END,
             effect_due_at = CASE WHEN $2 THEN NULL ELSE effect_due_at END,
             effect_error = CASE WHEN $2 THEN NULL ELSE effect_error END,
             effect_code = CASE WHEN $2 THEN NULL ELSE effect_code END,
             effect_failed_at = CASE WHEN $2 THEN NULL ELSE effect_failed_at END,
             pairing_phone = CASE WHEN $2 THEN NULL ELSE pairing_phone END,
             updated_at = now()
         WHERE id = $1",
        due.session.0,
        ours
    )
    .execute(&mut *transaction)
    .await?;
    if ours {
        match brought {
            Brought::Status(status) => observe(&mut transaction, due, status).await?,
            Brought::Code(code) => keep_code(&mut transaction, due, code).await?,
            Brought::Gone => mark_deleted(&mut transaction, due).await?,
        }
    }
    told(&mut transaction, due).await?;
    transaction.commit().await
}

/// Facts tell the state. Only what no fact will tell is taken from the answer: the
/// service held the session linked already, or knows nothing of it.
async fn observe(
    connection: &mut sqlx::PgConnection,
    due: &Due,
    status: &ServiceStatus,
) -> Result<(), sqlx::Error> {
    let told = match due.effect {
        Effect::Start if status.linked => {
            Some((true, &[WhatsappState::Requesting, WhatsappState::Reconnecting][..]))
        }
        Effect::Logout if status.state == WhatsappState::NotLinked => {
            const HELD_LINKED: [WhatsappState; 6] = [
                WhatsappState::Connected,
                WhatsappState::Reconnecting,
                WhatsappState::Pairing,
                WhatsappState::Replaced,
                WhatsappState::Unlinking,
                WhatsappState::Requesting,
            ];
            Some((false, &HELD_LINKED[..]))
        }
        _ => None,
    };
    let Some((linked, from)) = told else { return Ok(()) };
    let from: Vec<String> = from.iter().map(|state| state.as_str().to_owned()).collect();
    sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions
         SET linked = $2, state = $3, since = now(), last_code = $4, reason = $5, reason_code = $7, reason_until = $8,
             qr_expires_at = NULL
         WHERE id = $1 AND state = ANY($6) AND (NOT $2 OR state = 'requesting' OR last_fact IS NULL)",
        due.session.0,
        linked,
        status.state.as_str(),
        status.last_code,
        status.reason.as_deref().map(shortened),
        &from,
        status.reason_code.as_deref().map(code),
        status.until
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn keep_code(
    connection: &mut sqlx::PgConnection,
    due: &Due,
    code: &PairingCode,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions SET pairing_code = $2, pairing_code_expires_at = $3
         WHERE id = $1 AND NOT linked",
        due.session.0,
        storable(&code.code),
        code.expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn mark_deleted(connection: &mut sqlx::PgConnection, due: &Due) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions
         SET deleted_at = now(), state = 'not_linked', since = now(), linked = false, phone = NULL,
             last_code = NULL, reason = NULL, reason_code = NULL, reason_until = NULL, qr_expires_at = NULL
         WHERE id = $1 AND deleted_at IS NULL",
        due.session.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The call failed: it is made `again`, or given up. A session that was only asked for
/// then goes no further.
pub(super) async fn failed(
    pool: &PgPool,
    due: &Due,
    error: &ServiceError,
    again: Option<Duration>,
) -> Result<(), sqlx::Error> {
    let (sentence, code) = said(error);
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions
         SET effect_claimed_until = NULL,
             effect = CASE WHEN effect_number = $2 AND $3::float8 IS NULL THEN NULL ELSE effect END,
             effect_due_at = CASE
                 WHEN effect_number <> $2 THEN effect_due_at
                 WHEN $3 IS NULL THEN NULL
                 ELSE now() + make_interval(secs => $3)
             END,
             effect_error = CASE WHEN effect_number = $2 THEN $4 ELSE effect_error END,
             effect_code = CASE WHEN effect_number = $2 THEN $5 ELSE effect_code END,
             effect_failed_at = CASE WHEN effect_number = $2 THEN now() ELSE effect_failed_at END,
             pairing_phone = CASE WHEN effect_number = $2 AND $3 IS NULL THEN NULL ELSE pairing_phone END,
             updated_at = now()
         WHERE id = $1",
        due.session.0,
        due.number,
        again.map(|pause| pause.as_secs_f64()),
        sentence,
        code
    )
    .execute(&mut *transaction)
    .await?;
    if again.is_none() && matches!(due.effect, Effect::Start | Effect::PairingCode) {
        sqlx::query!(
            "UPDATE prosaas.whatsapp_sessions SET state = 'stopped', since = now(), reason = $3, reason_code = $4
             WHERE id = $1 AND effect_number = $2 AND state = 'requesting' AND NOT linked",
            due.session.0,
            due.number,
            sentence,
            code
        )
        .execute(&mut *transaction)
        .await?;
        told(&mut transaction, due).await?;
    }
    transaction.commit().await
}

/// Tells how the session stands after this attempt of the call.
async fn told(connection: &mut sqlx::PgConnection, due: &Due) -> Result<(), sqlx::Error> {
    let now = sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(&mut *connection).await?;
    let key = format!("whatsapp.call:{}:{}:{}", due.session, due.number, due.attempt);
    tell(connection, &Trigger::other(key, now), due.session).await
}

/// Codes that can be typed no more go.
pub(super) async fn forget_codes(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions SET pairing_code = NULL, pairing_code_expires_at = NULL
         WHERE pairing_code IS NOT NULL AND pairing_code_expires_at < now()"
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Why the call failed, in words and as a stable code; the cause itself is in the log.
fn said(error: &ServiceError) -> (String, String) {
    match error {
        ServiceError::Refused { status, reason, code: why, .. } if *status != 401 => {
            (shortened(reason), code(why.as_deref().unwrap_or("service_refused")))
        }
        _ => ("The WhatsApp service does not answer".to_owned(), "service_away".to_owned()),
    }
}

fn code(text: &str) -> String {
    storable(text).chars().take(100).collect()
}

fn shortened(text: &str) -> String {
    storable(text).chars().take(500).collect()
}

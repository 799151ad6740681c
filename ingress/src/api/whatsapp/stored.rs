//! The session's row, as the worker keeps it.

use chrono::{DateTime, Utc};
use prosaas_domain::ids::{BusinessId, WhatsappSessionId};
use prosaas_events::whatsapp::WhatsappState;
use sqlx::PgPool;

use crate::http::problem::Problem;

/// The business's session.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id, by which the service knows it.
    pub id: WhatsappSessionId,
    /// How it stands.
    pub state: WhatsappState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// WhatsApp's last code.
    pub last_code: Option<i32>,
    /// Why, in words for the log.
    pub reason: Option<String>,
    /// The same as a stable code.
    pub reason_code: Option<String>,
    /// Before when nothing is tried.
    pub until: Option<DateTime<Utc>>,
    /// Until when the code that is shown can be used.
    pub qr_expires_at: Option<DateTime<Utc>>,
    /// Whether a phone has confirmed the device.
    pub linked: bool,
    /// The account's number.
    pub phone: Option<String>,
    /// When somebody last said what they want.
    pub requested_at: Option<DateTime<Utc>>,
    /// Why the worker's last call of the service failed, while that is so.
    pub call_error: Option<String>,
    /// The same as a stable code.
    pub call_code: Option<String>,
    /// When it failed.
    pub call_failed_at: Option<DateTime<Utc>>,
    /// A code to type on the phone, and until when.
    pub pairing_code: Option<(String, DateTime<Utc>)>,
}

impl Stored {
    /// Whether the state began after the worker's call failed, so that its own reason is the nearer one.
    pub fn is_newer_than_call(&self) -> bool {
        self.call_failed_at.is_some_and(|failed| self.since > failed)
    }
}

/// The business's session, where it ever had one.
pub async fn find(database: &PgPool, business: BusinessId) -> Result<Option<Stored>, Problem> {
    let row = sqlx::query!(
        "SELECT id, state, since, last_code, reason, reason_code, reason_until, qr_expires_at, linked, phone, requested_at,
                effect_error, effect_code, effect_failed_at, pairing_code, pairing_code_expires_at
         FROM prosaas.whatsapp_sessions
         WHERE business_id = $1 AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1",
        business.0
    )
    .fetch_optional(database)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Stored {
        id: WhatsappSessionId(row.id),
        state: row.state.parse().map_err(|_| Problem::internal())?,
        since: row.since,
        last_code: row.last_code,
        reason: row.reason,
        reason_code: row.reason_code,
        until: row.reason_until,
        qr_expires_at: row.qr_expires_at,
        linked: row.linked,
        phone: row.phone,
        requested_at: row.requested_at,
        call_error: row.effect_error,
        call_code: row.effect_code,
        call_failed_at: row.effect_failed_at,
        pairing_code: row.pairing_code.zip(row.pairing_code_expires_at),
    }))
}

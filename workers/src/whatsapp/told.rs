//! The domain event of a session: told wherever a transaction leaves it standing otherwise than was last told.

use prosaas_domain::ids::{BusinessId, WhatsappSessionId};
use prosaas_events::domain_event::whatsapp::WhatsappStateChangedV1;
use sqlx::PgConnection;

use crate::domain_events::{Trigger, raise};

/// Tells how the session stands, where nothing has told that yet. Hold its row.
pub(super) async fn tell(
    connection: &mut PgConnection,
    trigger: &Trigger,
    session: WhatsappSessionId,
) -> Result<(), sqlx::Error> {
    let row = sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions
         SET version = version + 1, told_state = state, told_linked = linked
         WHERE id = $1 AND (told_state, told_linked) IS DISTINCT FROM (state, linked)
         RETURNING business_id, version, state, linked, last_code",
        session.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let changed = WhatsappStateChangedV1 {
        session_id: session,
        version: row.version,
        state: row.state.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        linked: row.linked,
        code: row.last_code,
    };
    raise(connection, trigger, Some(BusinessId(row.business_id)), changed).await
}

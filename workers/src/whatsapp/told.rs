//! The domain event of a session: told wherever a transaction leaves it standing otherwise than was last told.

use prosaas_domain::ids::{BusinessId, WhatsappSessionId};
use prosaas_events::domain_event::whatsapp::WhatsappStateChangedV1;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain_events::{Pending, Trigger};

/// Tells how the session stands, where nothing has told that yet. Hold its row.
pub(super) async fn tell(
    connection: &mut PgConnection,
    trigger: &Trigger,
    session: WhatsappSessionId,
) -> Result<(), sqlx::Error> {
    tell_all(connection, &[(session, trigger.clone())]).await
}

/// The same for several, each for its own cause. Hold their rows.
pub(super) async fn tell_all(
    connection: &mut PgConnection,
    sessions: &[(WhatsappSessionId, Trigger)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = sessions.iter().map(|(session, _)| session.0).collect();
    let rows = sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions
         SET version = version + 1, told_state = state, told_linked = linked
         WHERE id = ANY ($1) AND (told_state, told_linked) IS DISTINCT FROM (state, linked)
         RETURNING id, business_id, version, state, linked, last_code",
        &ids
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut pending = Pending::default();
    for row in rows {
        let session_id = WhatsappSessionId(row.id);
        let Some((_, trigger)) = sessions.iter().find(|(session, _)| *session == session_id) else {
            continue;
        };
        let changed = WhatsappStateChangedV1 {
            session_id,
            version: row.version,
            state: row.state.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            linked: row.linked,
            code: row.last_code,
        };
        pending.raise(trigger, Some(BusinessId(row.business_id)), changed)?;
    }
    pending.write(connection).await
}

//! The session that a command is about: the business's one that is not deleted.

use prosaas_domain::ids::{BusinessId, WhatsappSessionId};
use prosaas_events::{subjects::LiveKind, whatsapp::WhatsappState};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::told::tell;
use crate::{
    crm::{
        command::{Applied, Change, Scene},
        refusal::Stop,
    },
    domain_events::Trigger,
    runtime::Failure,
};

/// A session as far as commands need it; its row is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub id: WhatsappSessionId,
    pub state: WhatsappState,
    pub linked: bool,
}

/// A call that the service is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Link, or bring back.
    Start,
    /// Ask for a code to type on the phone.
    PairingCode,
    /// Unlink.
    Logout,
    /// Unlink, and forget everything.
    Delete,
}

impl Effect {
    pub const ALL: [Self; 4] = [Self::Start, Self::PairingCode, Self::Logout, Self::Delete];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::PairingCode => "pairing_code",
            Self::Logout => "logout",
            Self::Delete => "delete",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.as_str() == word)
    }

    const fn desired(self) -> &'static str {
        match self {
            Self::Start | Self::PairingCode => "linked",
            Self::Logout | Self::Delete => "unlinked",
        }
    }
}

/// The business's session. Nobody else looks for it, or makes one, until the transaction
/// has ended.
pub(super) async fn find(
    connection: &mut PgConnection,
    business: BusinessId,
) -> Result<Option<Session>, Stop> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('prosaas.whatsapp.' || $1::text, 0))",
        business.to_string()
    )
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query!(
        "SELECT id, state, linked FROM prosaas.whatsapp_sessions
         WHERE business_id = $1 AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1 FOR UPDATE",
        business.0
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let state = row.state.parse().map_err(Failure::fail)?;
    Ok(Some(Session { id: WhatsappSessionId(row.id), state, linked: row.linked }))
}

/// The business's session, made where there is none.
pub(super) async fn find_or_make(
    connection: &mut PgConnection,
    business: BusinessId,
    proposed: WhatsappSessionId,
) -> Result<Session, Stop> {
    if let Some(found) = find(connection, business).await? {
        return Ok(found);
    }
    // The proposed id may be that of a session which was deleted a moment ago.
    let id = sqlx::query_scalar!(
        "INSERT INTO prosaas.whatsapp_sessions (id, business_id, since)
         SELECT CASE WHEN EXISTS (SELECT FROM prosaas.whatsapp_sessions WHERE id = $1) THEN $2 ELSE $1 END, $3, now()
         RETURNING id",
        proposed.0,
        Uuid::now_v7(),
        business.0
    )
    .fetch_one(connection)
    .await?;
    Ok(Session { id: WhatsappSessionId(id), state: WhatsappState::NotLinked, linked: false })
}

/// Notes what is wanted and the call that is due for it, in place of one that still was.
/// `state` is shown until the service tells more.
pub(super) async fn want(
    scene: &mut Scene<'_>,
    session: Session,
    effect: Effect,
    state: WhatsappState,
    phone: Option<&str>,
) -> Result<(), Stop> {
    sqlx::query!(
        "UPDATE prosaas.whatsapp_sessions
         SET desired = $2, requested_at = now(), requested_by = $3, effect = $4,
             effect_number = effect_number + 1, effect_attempts = 0, effect_due_at = now(), effect_error = NULL,
             effect_code = NULL, effect_failed_at = NULL, pairing_phone = $5, pairing_code = NULL, pairing_code_expires_at = NULL, updated_at = now()
         WHERE id = $1",
        session.id.0,
        effect.desired(),
        scene.actor.id.0,
        effect.as_str(),
        phone
    )
    .execute(&mut *scene.connection)
    .await?;
    if state != session.state {
        sqlx::query!(
            "UPDATE prosaas.whatsapp_sessions
             SET state = $2, since = now(), last_code = NULL, reason = NULL, reason_code = NULL, reason_until = NULL,
                 qr_expires_at = NULL, last_fact = NULL
             WHERE id = $1",
            session.id.0,
            state.as_str()
        )
        .execute(&mut *scene.connection)
        .await?;
    }
    tell(scene.connection, &Trigger::of(scene.meta), session.id).await?;
    Ok(())
}

/// What every command that ends a link does. Where there is no session everything is
/// as wanted.
pub(super) async fn unlink(
    scene: &mut Scene<'_>,
    action: &'static str,
    effect: Effect,
) -> Result<Applied, Stop> {
    let business = scene.business()?;
    let Some(found) = find(scene.connection, business).await? else {
        return Ok(Applied { changes: Vec::new(), result: json!({ "state": WhatsappState::NotLinked }) });
    };
    // Whoever forgets the session does not wait for WhatsApp.
    let state = match effect {
        Effect::Logout if found.linked => WhatsappState::Unlinking,
        _ => found.state,
    };
    want(scene, found, effect, state, None).await?;
    Ok(applied(business, found, action, effect, state))
}

/// What the frame audits and tells of it.
pub(super) fn applied(
    business: BusinessId,
    session: Session,
    action: &'static str,
    effect: Effect,
    state: WhatsappState,
) -> Applied {
    let change = Change {
        business: Some(business),
        action,
        kind: LiveKind::Whatsapp,
        id: session.id.to_string(),
        before: Some(json!({ "state": session.state, "linked": session.linked })),
        after: Some(json!({ "state": state, "desired": effect.desired() })),
    };
    Applied { changes: vec![change], result: result(session.id, state) }
}

/// What the operation tells.
fn result(session: WhatsappSessionId, state: WhatsappState) -> Value {
    json!({ "session_id": session, "state": state })
}

/// The state shown after somebody asked for a link: the session begins anew unless it
/// is under way.
pub(super) fn asked_for(session: Session) -> WhatsappState {
    use WhatsappState as S;
    match session.state {
        S::Requesting | S::QrReady | S::Connected | S::Reconnecting => session.state,
        S::Pairing if session.linked => session.state,
        _ if session.linked => S::Reconnecting,
        _ => S::Requesting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_round_trip() {
        for effect in Effect::ALL {
            assert_eq!(Effect::parse(effect.as_str()), Some(effect));
        }
        assert_eq!(Effect::parse("stop"), None);
    }

    #[test]
    fn asking_begins_anew_only_what_is_not_under_way() {
        use WhatsappState as S;
        let asked = |state, linked| asked_for(Session { id: WhatsappSessionId(Uuid::nil()), state, linked });
        let ended = [S::Expired, S::Interrupted, S::Unlinked, S::LoggedOut, S::Stopped, S::Replaced];
        for state in [S::NotLinked, S::CodeReady, S::Pairing].into_iter().chain(ended) {
            assert_eq!(asked(state, false), S::Requesting, "{state:?}");
        }
        for state in [S::Stopped, S::Replaced, S::Unlinking] {
            assert_eq!(asked(state, true), S::Reconnecting, "{state:?}");
        }
        for (state, linked) in [(S::QrReady, false), (S::Pairing, true), (S::Connected, true)] {
            assert_eq!(asked(state, linked), state);
        }
    }
}

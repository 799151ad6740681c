//! The calls that the service is to get. A row says what is due; this makes the calls,
//! again and again while the service is away. Each may be made twice.

use std::time::Duration;

use prosaas_domain::{
    ids::{BusinessId, WhatsappSessionId},
    phone::E164,
};
use prosaas_events::subjects::LiveKind;
use prosaas_whatsapp_service::ServiceError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    WhatsappWorker,
    due::{Brought, Due},
    outcome,
    session::Effect,
};
use crate::{live::Update, runtime::Cause};

/// How often the table is looked at when no command wakes us.
const PERIOD: Duration = Duration::from_secs(2);
/// How long after a lease ran out pages are told so: some looks, of which one may fail.
const TELL_SILENCE: Duration = Duration::from_secs(6);
/// Calls under way at once.
const AT_ONCE: usize = 16;
/// Nobody else makes a call that is under way: longer than the longest of them.
const CLAIM: Duration = Duration::from_secs(30);
/// How long a stop waits for calls to end.
const STOP_WAIT: Duration = Duration::from_secs(7);
/// Pauses between the first tries of one call.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];
/// After those, while nobody answers.
const LAST_PAUSE: Duration = Duration::from_secs(20);
/// Most between two tries of what the service refuses.
const REFUSED_PAUSE: Duration = Duration::from_mins(15);

/// Makes calls, now and then and whenever a command left one, until `stop`.
pub async fn run(worker: WhatsappWorker, stop: CancellationToken) {
    let mut calls = JoinSet::new();
    loop {
        if let Err(error) = begin(&worker, &mut calls).await {
            tracing::warn!(event = "whatsapp.effects_unread", %error, "calls of the WhatsApp service wait");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = worker.due.notified() => {}
            Some(_) = calls.join_next() => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
    let ended = async { while calls.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WAIT, ended).await.is_err() {
        tracing::warn!(
            event = "whatsapp.calls_broken_off",
            calls = calls.len(),
            "the next process makes them"
        );
    }
}

async fn begin(worker: &WhatsappWorker, calls: &mut JoinSet<()>) -> Result<(), Cause> {
    outcome::forget_codes(&worker.frame.pool).await?;
    tell_silence(worker).await?;
    let room = AT_ONCE.saturating_sub(calls.len());
    if room == 0 {
        return Ok(());
    }
    for due in claim(worker, room).await? {
        let worker = worker.clone();
        calls.spawn(async move { make(&worker, due).await });
    }
    Ok(())
}

/// The service holds a lease for each session that it has a connection of. Where it died nobody is left to tell, so that
/// open pages are told to ask again.
async fn tell_silence(worker: &WhatsappWorker) -> Result<(), Cause> {
    let silent = sqlx::query!(
        "SELECT s.id, s.business_id
         FROM prosaas.whatsapp_leases AS l JOIN prosaas.whatsapp_sessions AS s ON s.id = l.session_id
         WHERE l.holder IS NOT NULL AND l.expires_at BETWEEN now() - make_interval(secs => $1) AND now()
           AND s.state = 'connected' AND s.deleted_at IS NULL",
        TELL_SILENCE.as_secs_f64()
    )
    .fetch_all(&worker.frame.pool)
    .await?;
    for row in silent {
        let (business, session) = (Some(BusinessId(row.business_id)), WhatsappSessionId(row.id));
        let action = "whatsapp.lease_over".to_owned();
        worker.frame.live.publish(Update::fact(business, LiveKind::Whatsapp, session, action)).await;
    }
    Ok(())
}

async fn claim(worker: &WhatsappWorker, room: usize) -> Result<Vec<Due>, Cause> {
    let rows = sqlx::query!(
        r#"UPDATE prosaas.whatsapp_sessions
           SET effect_claimed_until = now() + make_interval(secs => $2), effect_attempts = effect_attempts + 1
           WHERE id IN (
               SELECT id FROM prosaas.whatsapp_sessions
               WHERE effect IS NOT NULL AND effect_due_at <= now()
                 AND (effect_claimed_until IS NULL OR effect_claimed_until <= now())
               ORDER BY effect_due_at LIMIT $1
               FOR UPDATE SKIP LOCKED
           )
           RETURNING id, business_id, effect AS "effect!", effect_number, effect_attempts, pairing_phone, linked,
                     extract(epoch FROM now() - requested_at)::float8 AS age"#,
        i64::try_from(room)?,
        CLAIM.as_secs_f64()
    )
    .fetch_all(&worker.frame.pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Due {
                session: WhatsappSessionId(row.id),
                business: BusinessId(row.business_id),
                effect: Effect::parse(&row.effect).ok_or("the row names a call that nobody knows")?,
                number: row.effect_number,
                attempt: u32::try_from(row.effect_attempts)?,
                age: Duration::try_from_secs_f64(row.age.unwrap_or_default()).unwrap_or_default(),
                phone: row.pairing_phone.as_deref().map(E164::parse).transpose()?,
                linked: row.linked,
            })
        })
        .collect()
}

#[tracing::instrument(name = "whatsapp.call", skip_all, fields(session = %due.session, effect = due.effect.as_str()))]
async fn make(worker: &WhatsappWorker, due: Due) {
    let answer = call(worker, &due).await;
    let noted = match &answer {
        Ok(brought) => outcome::succeeded(&worker.frame.pool, &due, brought).await,
        Err(error) => {
            let again = again(&due, error);
            tracing::warn!(
                event = "whatsapp.call_failed",
                business = %due.business,
                attempt = due.attempt,
                cause = %error,
                retry_in_ms = again.map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
                "a call of the WhatsApp service failed"
            );
            outcome::failed(&worker.frame.pool, &due, error, again).await
        }
    };
    let word = if answer.is_ok() { "done" } else { "failed" };
    metrics::counter!("prosaas_whatsapp_calls_total", "effect" => due.effect.as_str(), "outcome" => word)
        .increment(1);
    if let Err(error) = noted {
        // The claim runs out, and the call is made again.
        tracing::warn!(event = "whatsapp.outcome_unwritten", %error, "a call is made again");
        return;
    }
    let action = format!("whatsapp.{}.{word}", due.effect.as_str());
    let update = Update::fact(Some(due.business), LiveKind::Whatsapp, due.session, action);
    worker.frame.live.publish(update).await;
}

async fn call(worker: &WhatsappWorker, due: &Due) -> Result<Brought, ServiceError> {
    let service = &worker.service;
    match (due.effect, &due.phone) {
        (Effect::PairingCode, Some(phone)) => {
            service.pairing_code(due.session, due.business, phone).await.map(Brought::Code)
        }
        (Effect::Start | Effect::PairingCode, _) => {
            service.start(due.session, due.business).await.map(Brought::Status)
        }
        (Effect::Logout, _) => service.logout(due.session).await.map(Brought::Status),
        (Effect::Delete, _) => service.delete(due.session).await.map(|()| Brought::Gone),
    }
}

/// When the call is made again; not at all when nothing can come of it, or nobody waits
/// for it any more. That somebody wants to be unlinked never gets old, nor that somebody keeps what is linked.
fn again(due: &Due, error: &ServiceError) -> Option<Duration> {
    let patience = match due.effect {
        Effect::Start if due.linked => Duration::MAX,
        // As long as a command may wait.
        Effect::Start => Duration::from_mins(15),
        // Whoever asked looks at the screen. What the service answers is the answer.
        Effect::PairingCode if matches!(error, ServiceError::Refused { .. }) => Duration::ZERO,
        Effect::PairingCode => Duration::from_secs(10),
        Effect::Logout | Effect::Delete => Duration::MAX,
    };
    if !error.may_pass() || due.age >= patience {
        return None;
    }
    let index = usize::try_from(due.attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    // Where nobody answers somebody will soon; what is refused without end is asked for less and less often.
    let endless = patience == Duration::MAX && matches!(error, ServiceError::Refused { .. });
    let last = if endless { refused_pause(due.attempt) } else { LAST_PAUSE };
    Some(PAUSES.get(index).copied().unwrap_or(last))
}

/// Twice as long each time.
fn refused_pause(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(5).min(10);
    LAST_PAUSE.saturating_mul(1 << doublings).min(REFUSED_PAUSE)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn due(effect: Effect, attempt: u32, age_s: u64) -> Due {
        Due {
            session: WhatsappSessionId(Uuid::nil()),
            business: BusinessId(Uuid::nil()),
            effect,
            number: 1,
            attempt,
            age: Duration::from_secs(age_s),
            phone: None,
            linked: false,
        }
    }

    fn refused(status: u16) -> ServiceError {
        ServiceError::Refused { status, state: None, reason: String::new(), code: None }
    }

    #[test]
    fn tries_slow_down_and_end_when_nobody_waits() {
        let pauses: Vec<_> = (1..8)
            .filter_map(|n| again(&due(Effect::Start, n, 1), &refused(503)))
            .map(|p| p.as_secs())
            .collect();
        assert_eq!(pauses, [1, 2, 5, 10, 20, 20, 20]);
        let away = |n| again(&due(Effect::Logout, n, 1), &ServiceError::Unreadable);
        assert_eq!(away(5000), Some(Duration::from_secs(20)), "it is back any moment");
        assert_eq!(again(&due(Effect::Delete, 5000, 1), &refused(409)), Some(Duration::from_mins(15)));
        assert_eq!(again(&due(Effect::Start, 50, 15 * 60), &refused(503)), None);
        let kept = Due { linked: true, ..due(Effect::Start, 50, 8 * 86_400) };
        assert!(again(&kept, &ServiceError::Unreadable).is_some(), "its unlinking may still wait there");
        assert!(again(&due(Effect::Logout, 5000, 1_000_000), &ServiceError::Unreadable).is_some());
        assert!(again(&due(Effect::PairingCode, 1, 1), &ServiceError::Unreadable).is_some());
        assert_eq!(
            again(&due(Effect::PairingCode, 1, 1), &refused(503)),
            None,
            "the service's answer counts"
        );
        assert_eq!(again(&due(Effect::Logout, 1, 1), &refused(400)), None, "trying again cannot help");
    }
}

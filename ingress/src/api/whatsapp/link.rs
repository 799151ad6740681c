//! What a session's row means for somebody who wants a QR code. Pure.

use chrono::{DateTime, Utc};
use prosaas_events::whatsapp::WhatsappState as S;

use super::stored::Stored;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Something will happen.
    Wait,
    /// The service should have a QR code.
    AskForQr,
    /// A phone is linked, and it works.
    Linked,
    /// It went as far as it goes.
    Over,
    /// The service is away.
    Away,
}

/// What follows from the row after the command was applied.
pub fn next(stored: &Stored, now: DateTime<Utc>) -> Next {
    if stored.state == S::Connected {
        return Next::Linked;
    }
    if stored.call_error.is_some() && !stored.is_newer_than_call() {
        return Next::Away;
    }
    // What was told before somebody asked is about the time before.
    let told_since = stored.requested_at.is_none_or(|asked| stored.since >= asked);
    match stored.state {
        S::QrReady if stored.qr_expires_at.is_none_or(|until| until > now) => Next::AskForQr,
        S::Expired | S::Interrupted | S::Unlinked | S::LoggedOut | S::Stopped | S::Replaced if told_since => {
            Next::Over
        }
        _ => Next::Wait,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use prosaas_domain::ids::WhatsappSessionId;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn stored(state: S, since: i64) -> Stored {
        Stored {
            id: WhatsappSessionId(uuid::Uuid::nil()),
            state,
            since: at(since),
            last_code: None,
            reason: None,
            reason_code: None,
            until: None,
            qr_expires_at: (state == S::QrReady).then(|| at(100)),
            linked: false,
            phone: None,
            requested_at: Some(at(10)),
            call_error: None,
            call_code: None,
            call_failed_at: None,
            pairing_code: None,
        }
    }

    #[test]
    fn the_table() {
        for (state, since, now, wanted) in [
            (S::NotLinked, 0, 20, Next::Wait),
            (S::Requesting, 10, 20, Next::Wait),
            (S::QrReady, 12, 20, Next::AskForQr),
            (S::QrReady, 12, 100, Next::Wait),
            (S::Pairing, 12, 20, Next::Wait),
            (S::Connected, 0, 20, Next::Linked),
            (S::Reconnecting, 12, 20, Next::Wait),
            (S::Expired, 9, 20, Next::Wait),
            (S::Expired, 12, 20, Next::Over),
            (S::Interrupted, 12, 20, Next::Over),
            (S::CodeReady, 12, 20, Next::Wait),
            (S::Unlinking, 12, 20, Next::Wait),
            (S::Unlinked, 9, 20, Next::Wait),
            (S::Unlinked, 12, 20, Next::Over),
            (S::LoggedOut, 9, 20, Next::Wait),
            (S::LoggedOut, 12, 20, Next::Over),
            (S::Stopped, 12, 20, Next::Over),
            (S::Replaced, 12, 20, Next::Over),
        ] {
            assert_eq!(next(&stored(state, since), at(now)), wanted, "{state:?} since {since}");
        }
        let away = Stored { call_error: Some("away".to_owned()), ..stored(S::Requesting, 10) };
        assert_eq!(next(&away, at(20)), Next::Away);
        let back = Stored { call_failed_at: Some(at(11)), ..stored(S::Requesting, 12) };
        let back = Stored { call_error: Some("away".to_owned()), ..back };
        assert_eq!(next(&back, at(20)), Next::Wait, "the service has told something since");
        let away = Stored { call_failed_at: Some(at(12)), ..away };
        assert_eq!(next(&away, at(20)), Next::Away);
    }
}

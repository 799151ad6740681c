//! A session's state as a pure fold over its facts. Each fact says how the session stands
//! after it, so the one of the highest sequence wins, whatever order they come in. That a
//! phone is linked is told by fewer facts and has a sequence of its own.

use chrono::{DateTime, Utc};
use prosaas_domain::phone::E164;
use prosaas_events::whatsapp::{WhatsappFact, WhatsappFactV1, WhatsappState};

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: WhatsappState,
    /// When that began.
    pub since: DateTime<Utc>,
    /// WhatsApp's code for it.
    pub last_code: Option<i32>,
    /// Why, in words.
    pub reason: Option<String>,
    /// The same as a stable code.
    pub reason_code: Option<String>,
    /// Before when nothing is tried.
    pub until: Option<DateTime<Utc>>,
    /// Until when the code that is shown can be used.
    pub qr_expires_at: Option<DateTime<Utc>>,
    /// Kind of the fact that made the state; none since a command.
    pub last_fact: Option<String>,
    /// Sequence of the last fact.
    pub fact_sequence: u64,
    /// Lease of the last fact.
    pub generation: u64,
    /// Whether a phone has confirmed the device.
    pub linked: bool,
    /// The account's number.
    pub phone: Option<E164>,
    /// Sequence of the fact that says so.
    pub link_sequence: u64,
}

/// How the session stands when this fact is known too.
#[must_use]
pub fn apply(before: &Standing, told: &WhatsappFactV1) -> Standing {
    let mut after = before.clone();
    if told.sequence > after.link_sequence
        && let Some((linked, phone)) = link(&told.fact)
    {
        (after.linked, after.phone, after.link_sequence) = (linked, phone, told.sequence);
    }
    if told.sequence > after.fact_sequence {
        let says = says(&told.fact);
        after.last_fact = Some(told.fact.kind().to_owned());
        (after.fact_sequence, after.generation) = (told.sequence, told.generation);
        (after.last_code, after.reason) =
            (says.code, says.reason.map(|text| text.chars().take(500).collect()));
        (after.reason_code, after.until) =
            (says.reason_code.map(|code| code.chars().take(100).collect()), says.until);
        after.qr_expires_at = says.expires_at;
        if let Some(state) = says.state {
            after.state = state;
        }
        after.since = told.occurred_at;
    }
    // What a drop means depends on the link, which an earlier fact may tell later.
    if after.last_fact.as_deref() == Some("dropped") {
        after.state = if after.linked { WhatsappState::Reconnecting } else { WhatsappState::Requesting };
    }
    if after.state == before.state && before.last_fact.is_some() {
        after.since = before.since.min(after.since);
    }
    after
}

/// Whether a phone is linked, where the fact tells it.
fn link(fact: &WhatsappFact) -> Option<(bool, Option<E164>)> {
    match fact {
        WhatsappFact::Paired(paired) => Some((true, Some(paired.phone.clone()))),
        WhatsappFact::Connected(connected) => Some((true, Some(connected.phone.clone()))),
        WhatsappFact::Requesting(_)
        | WhatsappFact::QrIssued(_)
        | WhatsappFact::Pairing(_)
        | WhatsappFact::Expired(_)
        | WhatsappFact::Interrupted(_)
        | WhatsappFact::Unlinked(_)
        | WhatsappFact::LoggedOut(_) => Some((false, None)),
        WhatsappFact::Dropped(_)
        | WhatsappFact::Replaced(_)
        | WhatsappFact::Unlinking(_)
        | WhatsappFact::Stopped(_) => None,
    }
}

#[derive(Default)]
struct Says<'a> {
    state: Option<WhatsappState>,
    code: Option<i32>,
    reason: Option<&'a str>,
    reason_code: Option<&'a str>,
    until: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
}

fn says(fact: &WhatsappFact) -> Says<'_> {
    use WhatsappState as S;
    let of = |state| Says { state: Some(state), ..Says::default() };
    match fact {
        WhatsappFact::Requesting(_) => of(S::Requesting),
        WhatsappFact::QrIssued(qr) => Says { expires_at: Some(qr.expires_at), ..of(S::QrReady) },
        WhatsappFact::Pairing(began) => Says { expires_at: Some(began.expires_at), ..of(S::CodeReady) },
        WhatsappFact::Paired(_) => of(S::Pairing),
        WhatsappFact::Connected(_) => of(S::Connected),
        WhatsappFact::Dropped(drop) => {
            let reason_code = drop.reason_code.as_deref();
            Says { code: drop.code, reason: Some(&drop.reason), reason_code, ..Says::default() }
        }
        WhatsappFact::Expired(ended)
        | WhatsappFact::Interrupted(ended)
        | WhatsappFact::Replaced(ended)
        | WhatsappFact::Unlinking(ended)
        | WhatsappFact::Unlinked(ended)
        | WhatsappFact::LoggedOut(ended)
        | WhatsappFact::Stopped(ended) => Says {
            state: Some(match fact {
                WhatsappFact::Expired(_) => S::Expired,
                WhatsappFact::Interrupted(_) => S::Interrupted,
                WhatsappFact::Replaced(_) => S::Replaced,
                WhatsappFact::Unlinking(_) => S::Unlinking,
                WhatsappFact::Unlinked(_) => S::Unlinked,
                WhatsappFact::LoggedOut(_) => S::LoggedOut,
                _ => S::Stopped,
            }),
            code: ended.code,
            reason: Some(&ended.reason),
            reason_code: ended.reason_code.as_deref(),
            until: ended.until,
            expires_at: None,
        },
    }
}

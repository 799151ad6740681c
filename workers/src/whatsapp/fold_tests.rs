use chrono::TimeDelta;
use proptest::prelude::*;
use prosaas_domain::ids::WhatsappSessionId;
use prosaas_events::whatsapp::{
    Connected, Dropped, Ended, Nothing, Paired, PairingBegan, QrIssued, WhatsappFact as F, WhatsappFactV1,
    WhatsappState as S,
};
use uuid::Uuid;

use super::fold::*;

fn at(second: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn phone() -> prosaas_domain::phone::E164 {
    prosaas_domain::phone::E164::parse("+972541234567").unwrap()
}

fn ended(code: i32) -> Ended {
    Ended { code: Some(code), reason: format!("code {code}"), reason_code: None, until: None }
}

fn qr() -> F {
    F::QrIssued(QrIssued { expires_at: at(60), index: 1 })
}

fn connected() -> F {
    F::Connected(Connected { phone: phone(), push_name: None })
}

fn dropped(code: i32) -> F {
    F::Dropped(Dropped {
        code: Some(code),
        reason: format!("code {code}"),
        reason_code: Some("unreachable".to_owned()),
        attempt: 1,
        retry_at: at(90),
    })
}

fn banned() -> Ended {
    let reason_code = Some("temporarily_banned".to_owned());
    Ended { reason_code, until: Some(at(900)), ..ended(402) }
}

fn every_kind() -> Vec<F> {
    vec![
        F::Requesting(Nothing {}),
        qr(),
        F::Pairing(PairingBegan { method: "code".to_owned(), expires_at: at(60) }),
        F::Paired(Paired { phone: phone() }),
        connected(),
        dropped(428),
        F::Expired(ended(408)),
        F::Interrupted(ended(515)),
        F::Replaced(ended(440)),
        F::Unlinking(banned()),
        F::Unlinked(ended(401)),
        F::LoggedOut(ended(401)),
        F::Stopped(ended(403)),
    ]
}

fn told(sequence: u64, fact: F) -> WhatsappFactV1 {
    let occurred_at = at(i64::try_from(sequence).unwrap());
    WhatsappFactV1 { session_id: WhatsappSessionId(Uuid::nil()), sequence, generation: 1, occurred_at, fact }
}

fn in_order(facts: Vec<F>) -> Vec<WhatsappFactV1> {
    (1..).zip(facts).map(|(sequence, fact)| told(sequence, fact)).collect()
}

/// A session of which nothing is known.
fn unknown(since: chrono::DateTime<chrono::Utc>) -> Standing {
    Standing {
        state: S::NotLinked,
        since,
        last_code: None,
        reason: None,
        reason_code: None,
        until: None,
        qr_expires_at: None,
        last_fact: None,
        fact_sequence: 0,
        generation: 0,
        linked: false,
        phone: None,
        link_sequence: 0,
    }
}

fn fold(facts: &[WhatsappFactV1]) -> Standing {
    facts.iter().fold(unknown(at(0)), |standing, fact| apply(&standing, fact))
}

#[test]
fn the_table_of_states() {
    let requesting = || F::Requesting(Nothing {});
    let paired = || F::Paired(Paired { phone: phone() });
    for (facts, state, linked, code) in [
        (vec![], S::NotLinked, false, None),
        (vec![requesting()], S::Requesting, false, None),
        (vec![requesting(), qr()], S::QrReady, false, None),
        (vec![requesting(), qr(), paired()], S::Pairing, true, None),
        (vec![requesting(), qr(), paired(), connected()], S::Connected, true, None),
        (vec![requesting(), dropped(503)], S::Requesting, false, Some(503)),
        (vec![connected(), dropped(428)], S::Reconnecting, true, Some(428)),
        (vec![connected(), dropped(428), connected()], S::Connected, true, None),
        (vec![requesting(), qr(), F::Expired(ended(408))], S::Expired, false, Some(408)),
        (vec![requesting(), qr(), F::Interrupted(ended(515))], S::Interrupted, false, Some(515)),
        (vec![connected(), F::Unlinking(banned())], S::Unlinking, true, Some(402)),
        (vec![connected(), F::Unlinking(banned()), F::Unlinked(ended(401))], S::Unlinked, false, Some(401)),
        (vec![connected(), F::Replaced(ended(440))], S::Replaced, true, Some(440)),
        (vec![connected(), F::Stopped(ended(403))], S::Stopped, true, Some(403)),
        (vec![requesting(), F::Stopped(ended(503))], S::Stopped, false, Some(503)),
        (vec![connected(), F::LoggedOut(ended(401))], S::LoggedOut, false, Some(401)),
        (vec![connected(), F::LoggedOut(ended(401)), requesting(), qr()], S::QrReady, false, None),
    ] {
        let found = fold(&in_order(facts.clone()));
        assert_eq!((found.state, found.linked, found.last_code), (state, linked, code), "{facts:?}");
        assert_eq!(found.phone.is_some(), linked, "{facts:?}");
        assert_eq!(found.qr_expires_at.is_some(), state == S::QrReady, "{facts:?}");
    }
}

#[test]
fn a_code_that_can_be_typed_is_not_a_phone_that_confirmed() {
    let began = F::Pairing(PairingBegan { method: "code".to_owned(), expires_at: at(60) });
    let shown = fold(&in_order(vec![qr(), began]));
    assert_eq!((shown.state, shown.linked, shown.qr_expires_at), (S::CodeReady, false, Some(at(60))));
}

#[test]
fn why_has_a_code_and_a_time_until_the_next_state() {
    let told = |facts| {
        let standing = fold(&in_order(facts));
        (standing.reason_code, standing.until)
    };
    let ban = (Some("temporarily_banned".to_owned()), Some(at(900)));
    assert_eq!(told(vec![connected(), F::Stopped(banned())]), ban);
    assert_eq!(told(vec![connected(), dropped(503)]), (Some("unreachable".to_owned()), None));
    assert_eq!(told(vec![connected(), F::Stopped(banned()), connected()]), (None, None));
}

#[test]
fn a_drop_that_overtakes_what_linked_it_is_read_again() {
    let facts = [told(2, dropped(428)), told(1, connected())];
    assert_eq!(fold(&facts[..1]).state, S::Requesting);
    assert_eq!(fold(&facts).state, S::Reconnecting);
}

#[test]
fn a_state_that_goes_on_began_when_it_began() {
    let facts = in_order(vec![connected(), dropped(428), dropped(503)]);
    let found = fold(&facts);
    assert_eq!((found.since, found.last_code), (at(2), Some(503)));
}

proptest! {
    #[test]
    fn any_order_with_any_repetition_gives_the_same_standing(
        (facts, shuffled) in proptest::collection::vec(proptest::sample::select(every_kind()), 1..10)
            .prop_flat_map(|kinds| {
                let facts = in_order(kinds);
                let twice = [facts.clone(), facts.clone()].concat();
                (Just(facts), Just(twice).prop_shuffle())
            })
    ) {
        let (wanted, found) = (fold(&facts), fold(&shuffled));
        // When a state began is only as exact as the order in which it was told.
        prop_assert_eq!(Standing { since: at(0), ..wanted }, Standing { since: at(0), ..found });
    }

    #[test]
    fn what_was_applied_already_changes_nothing(
        kinds in proptest::collection::vec(proptest::sample::select(every_kind()), 1..10)
    ) {
        let facts = in_order(kinds);
        let standing = fold(&facts);
        for fact in &facts {
            prop_assert_eq!(apply(&standing, fact), standing.clone());
        }
    }
}

//! The fold's rules: by table, and over random histories.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use prosaas_domain::{
    ids::{CallSid, UserId},
    phone::E164,
};
use prosaas_events::call::{Answer, CallStatus};

use super::{
    fact::{CallFact, Dial, Parties, What},
    fold::{CallState, apply},
};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn parties(direction: &str) -> Parties {
    Parties {
        from: Some("+972541111111".to_owned()),
        to: Some("+97231111111".to_owned()),
        direction: Some(direction.to_owned()),
        ..Parties::default()
    }
}

fn incoming(answer: Answer) -> CallFact {
    let what = What::Incoming { parties: parties("inbound"), status: Some(CallStatus::Ringing), answer };
    CallFact { event_id: "incoming".to_owned(), at: at(0), what }
}

fn status(status: CallStatus, sequence: Option<u32>, duration_s: Option<u32>) -> CallFact {
    let second = i64::from(sequence.unwrap_or(0)) + 1;
    let what = What::Status { parties: Parties::default(), status, sequence, duration_s };
    CallFact { event_id: format!("{status:?}-{sequence:?}"), at: at(second), what }
}

fn dialed(outcome: CallStatus) -> CallFact {
    dial(outcome, None, false)
}

fn dial(outcome: CallStatus, bridged: Option<bool>, screened: bool) -> CallFact {
    let dial = Dial { outcome, bridged, screened, duration_s: Some(7), dialed_call_sid: Some(leg("CAleg1")) };
    CallFact { event_id: "dialed".to_owned(), at: at(9), what: What::Dialed(dial, None) }
}

fn leg(sid: &str) -> CallSid {
    sid.parse().expect("a SID")
}

fn accepted(sid: &str, number: Option<&str>) -> CallFact {
    let number = number.map(|number| E164::parse(number).expect("a number"));
    let what = What::LegAccepted { leg: leg(sid), number, user: None };
    CallFact { event_id: format!("accepted-{sid}"), at: at(5), what }
}

fn user(n: u32) -> UserId {
    uuid::Uuid::from_u128(n.into()).into()
}

fn unknown() -> CallFact {
    CallFact { event_id: "unknown".to_owned(), at: at(9), what: What::Unknown }
}

fn fold(facts: impl IntoIterator<Item = CallFact>) -> CallState {
    facts.into_iter().fold(CallState::default(), apply)
}

#[test]
fn a_terminal_status_never_goes_back_and_the_sequence_decides() {
    use CallStatus::{Busy, Completed, InProgress, Initiated, Ringing};
    for (events, wanted) in [
        (vec![(Completed, Some(3)), (Ringing, Some(1))], Completed),
        (vec![(Completed, Some(3)), (InProgress, Some(9))], Completed),
        (vec![(InProgress, Some(2)), (Ringing, Some(1))], InProgress),
        (vec![(Ringing, Some(5)), (InProgress, Some(2))], Ringing),
        (vec![(Busy, Some(2)), (Completed, Some(3))], Completed),
        (vec![(Completed, Some(3)), (Busy, Some(2))], Completed),
        (vec![(Ringing, None), (Initiated, Some(0))], Initiated),
        (vec![(InProgress, None), (Ringing, None)], InProgress),
    ] {
        let state = fold(events.iter().map(|(s, n)| status(*s, *n, None)));
        assert_eq!(state.status.map(|mark| mark.status), Some(wanted), "{events:?}");
    }
}

#[test]
fn missed_means_that_nobody_of_the_business_spoke_with_the_caller() {
    use CallStatus::{Busy, Canceled, Completed, Failed, InProgress, NoAnswer};
    let ended = |s| status(s, Some(3), Some(20));
    for (name, facts, wanted) in [
        ("still ringing", vec![incoming(Answer::Record)], false),
        ("speaking", vec![incoming(Answer::Forward), status(InProgress, Some(1), None)], false),
        ("a message was left", vec![incoming(Answer::Record), ended(Completed)], true),
        ("closed", vec![incoming(Answer::Closed), ended(Completed)], true),
        ("number of nobody", vec![incoming(Answer::UnknownNumber), ended(Completed)], true),
        (
            "forwarded and answered",
            vec![incoming(Answer::Forward), dialed(Completed), ended(Completed)],
            false,
        ),
        (
            "forwarded, nobody there",
            vec![incoming(Answer::Forward), dialed(NoAnswer), ended(Completed)],
            true,
        ),
        ("gave up while it rang", vec![incoming(Answer::Forward), ended(Completed)], true),
        ("no answer", vec![incoming(Answer::Forward), ended(NoAnswer)], true),
        ("busy", vec![ended(Busy)], true),
        ("failed", vec![ended(Failed)], true),
        ("canceled", vec![ended(Canceled)], true),
        ("nginx answered while we were away, and the caller hung up", vec![ended(Completed)], true),
        ("still speaking with nginx's answer", vec![status(InProgress, Some(1), None)], false),
        (
            "forwarded and answered, and the incoming event is late",
            vec![dialed(Completed), ended(Completed)],
            false,
        ),
        (
            "asked, accepted and connected",
            vec![accepted("CAleg1", None), dial(Completed, Some(true), true), ended(Completed)],
            false,
        ),
        (
            "the same, and the digit is late",
            vec![dial(Completed, Some(true), true), ended(Completed), accepted("CAleg1", None)],
            false,
        ),
        ("a voicemail picked up", vec![dial(Completed, Some(false), true), ended(Completed)], true),
        ("the same, reported as unanswered", vec![dial(NoAnswer, None, true), ended(Completed)], true),
        ("connected without a digit", vec![dial(Completed, Some(true), true), ended(Completed)], true),
        (
            "1 was pressed when the caller had gone",
            vec![accepted("CAleg1", None), dial(Completed, Some(false), true), ended(Completed)],
            true,
        ),
        (
            "the question was asked in vain, and nothing tells",
            vec![dial(Completed, None, true), ended(Completed)],
            true,
        ),
        (
            "not everybody is asked, and somebody spoke",
            vec![dial(Completed, Some(true), false), ended(Completed)],
            false,
        ),
        (
            "not everybody is asked, and nobody did",
            vec![dial(Completed, Some(false), false), ended(Completed)],
            true,
        ),
        ("nobody knows how it ended", vec![incoming(Answer::Record), unknown()], true),
        (
            "nobody knows how it ended, and somebody spoke",
            vec![unknown(), accepted("CAleg1", None), dial(Completed, Some(true), true)],
            false,
        ),
        ("completed after a dial that failed", vec![dialed(Busy), ended(Completed)], true),
    ] {
        assert_eq!(fold(facts).missed(), wanted, "{name}");
    }
    let mut outbound = ended(NoAnswer);
    if let What::Status { parties: p, .. } = &mut outbound.what {
        *p = parties("outbound-api");
    }
    assert!(!fold([outbound]).missed(), "a call that we made is never missed");
}

#[test]
fn who_took_the_call_is_whose_leg_was_connected() {
    let (first, second) = ("+972541111111", "+972542222222");
    let both = [accepted("CAleg2", Some(second)), accepted("CAleg1", Some(first))];
    let state = fold(both.into_iter().chain([dial(CallStatus::Completed, Some(true), true)]));
    assert_eq!(state.answered_by().map(ToString::to_string).as_deref(), Some(first));
    let not_connected =
        fold([accepted("CAleg1", Some(first)), dial(CallStatus::Completed, Some(false), true)]);
    assert_eq!((not_connected.answered(), not_connected.answered_by()), (false, None));
}

#[test]
fn statuses_alone_make_the_call_and_the_incoming_event_completes_it() {
    let mut first = status(CallStatus::Completed, Some(3), Some(42));
    if let What::Status { parties: p, .. } = &mut first.what {
        *p = Parties { from: Some("+972541111111".to_owned()), ..Parties::default() };
    }
    let state = fold([first]);
    assert_eq!(state.caller().map(|n| n.to_string()).as_deref(), Some("+972541111111"));
    assert_eq!((state.duration_s, state.answer()), (Some(42), None));
    let state = apply(state, incoming(Answer::Record));
    assert_eq!(state.called().map(|n| n.to_string()).as_deref(), Some("+97231111111"));
    assert_eq!(
        (state.answer(), state.started_at, state.ended_at),
        (Some(Answer::Record), Some(at(0)), Some(at(4)))
    );
}

#[test]
fn a_caller_who_hides_or_has_no_number_cannot_be_called_back() {
    for from in ["anonymous", "+266696687", " 972000", "client:dana", ""] {
        let mut fact = incoming(Answer::Record);
        if let What::Incoming { parties, .. } = &mut fact.what {
            parties.from = Some(from.to_owned());
        }
        let state = fold([fact]);
        assert_eq!(state.caller(), None, "{from:?}");
        assert_eq!(state.parties().from.as_deref(), Some(from), "kept as sent");
    }
}

#[test]
fn the_person_who_took_the_call_is_the_one_on_the_leg_that_was_connected() {
    let taken = |sid: &str, n: u32| CallFact {
        event_id: format!("accepted-{sid}"),
        at: at(5),
        what: What::LegAccepted { leg: leg(sid), number: None, user: Some(user(n)) },
    };
    let ended = |screened, of: Option<u32>| {
        let CallFact { event_id, at, what } = dial(CallStatus::Completed, Some(true), screened);
        let What::Dialed(dial, _) = what else { unreachable!("it is one") };
        CallFact { event_id, at, what: What::Dialed(dial, of.map(user)) }
    };
    // Two pressed 1, and one of them was connected.
    let both = [taken("CAleg2", 2), taken("CAleg1", 1), ended(true, None)];
    assert_eq!(fold(both).answered_by_user(), Some(user(1)));
    // Rung alone and not asked: the dial's end says who it was.
    assert_eq!(fold([ended(false, Some(3))]).answered_by_user(), Some(user(3)));
    // Nobody was connected.
    assert_eq!(
        fold([taken("CAleg1", 1), dial(CallStatus::Completed, Some(false), true)]).answered_by_user(),
        None
    );
    assert_eq!(fold([ended(true, Some(3))]).answered_by_user(), None, "nobody pressed 1");
}

fn any_status() -> impl Strategy<Value = CallStatus> {
    proptest::sample::select(CallStatus::ALL.to_vec())
}

fn any_parties() -> impl Strategy<Value = Parties> {
    let text =
        || proptest::option::of(proptest::sample::select(vec!["+972541111111", "+97239999999", "anonymous"]));
    let direction = proptest::option::of(proptest::sample::select(vec!["inbound", "outbound-api"]));
    (text(), text(), direction).prop_map(|(from, to, direction)| Parties {
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        direction: direction.map(str::to_owned),
        ..Parties::default()
    })
}

fn any_what() -> impl Strategy<Value = What> {
    let answers = vec![Answer::Record, Answer::Forward, Answer::Closed, Answer::UnknownNumber];
    prop_oneof![
        (any_parties(), proptest::option::of(any_status()), proptest::sample::select(answers))
            .prop_map(|(parties, status, answer)| What::Incoming { parties, status, answer }),
        (any_parties(), any_status(), proptest::option::of(0_u32..5), proptest::option::of(0_u32..100))
            .prop_map(|(parties, status, sequence, duration_s)| What::Status {
                parties,
                status,
                sequence,
                duration_s
            }),
        (any_status(), any::<Option<bool>>(), any::<bool>(), proptest::option::of(0_u32..100)).prop_map(
            |(outcome, bridged, screened, duration_s)| {
                let dialed_call_sid = Some(leg("CAleg1"));
                let dial = Dial { outcome, bridged, screened, duration_s, dialed_call_sid };
                What::Dialed(dial, duration_s.map(|n| user(n % 3)))
            }
        ),
        Just(What::Unknown),
        (proptest::sample::select(vec!["CAleg1", "CAleg2"]), any::<bool>(), 0_u32..3).prop_map(
            |(sid, number, n)| {
                let number = number.then(|| E164::parse("+972541111111").expect("a number"));
                What::LegAccepted { leg: leg(sid), number, user: (n > 0).then(|| user(n)) }
            }
        ),
        Just(What::Told),
    ]
}

/// A history: each event has an id of its own, as the unique event ids have it.
fn any_history() -> impl Strategy<Value = Vec<CallFact>> {
    proptest::collection::vec((any_what(), 0_i64..6), 1..9).prop_map(|whats| {
        let number = |(index, (what, second)): (usize, (What, i64))| CallFact {
            event_id: format!("e{index}"),
            at: at(second),
            what,
        };
        whats.into_iter().enumerate().map(number).collect()
    })
}

/// A history, and the same with repetitions in another order.
fn history_and_shuffle() -> impl Strategy<Value = (Vec<CallFact>, Vec<CallFact>)> {
    any_history()
        .prop_flat_map(|facts| {
            let repeats = proptest::collection::vec(0..facts.len(), 0..6);
            (Just(facts), repeats)
        })
        .prop_flat_map(|(facts, repeats)| {
            let mut again = facts.clone();
            again.extend(repeats.iter().filter_map(|i| facts.get(*i).cloned()));
            (Just(facts), Just(again).prop_shuffle())
        })
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_give_the_same_call((facts, shuffled) in history_and_shuffle()) {
        prop_assert_eq!(fold(facts), fold(shuffled));
    }

    #[test]
    fn a_call_that_is_over_stays_over(facts in any_history()) {
        let mut over = false;
        let mut state = CallState::default();
        for fact in facts {
            state = apply(state, fact);
            let terminal = state.status.is_some_and(|mark| mark.status.is_terminal());
            prop_assert!(terminal || !over);
            over = terminal;
        }
    }
}

//! The state of a recording as a pure fold: whichever comes first, the same in the end.

use prosaas_events::recording::RecordingProgress;

/// Where a recording stands. The order is the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Twilio makes it, or has it and we fetch it.
    Processing,
    /// It could not be made, or not be had.
    Failed,
    /// Nothing was recorded.
    Absent,
    /// The audio is safe here. Final.
    Completed,
}

impl State {
    const WORDS: [(Self, &'static str); 4] = [
        (Self::Processing, "processing"),
        (Self::Failed, "failed"),
        (Self::Absent, "absent"),
        (Self::Completed, "completed"),
    ];

    /// The word that the column has.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.into_iter().find(|(state, _)| *state == self).map_or("processing", |(_, word)| word)
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, w)| *w == word).map(|(state, _)| state)
    }
}

/// What is said of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// By Twilio, before it is complete or in its place.
    Progress(RecordingProgress),
    /// Twilio has the media, or will have it soon.
    Available,
    /// We cannot have it: Twilio never delivers, or what it delivers is no recording.
    GivenUp,
    /// It is in our store.
    Stored,
}

/// The state after a fact. A recording that failed becomes complete when a replay
/// gets it after all; nothing undoes a stored one.
pub fn apply(state: Option<State>, fact: Fact) -> State {
    let said = match fact {
        Fact::Progress(RecordingProgress::InProgress) | Fact::Available => State::Processing,
        Fact::Progress(RecordingProgress::Failed) | Fact::GivenUp => State::Failed,
        Fact::Progress(RecordingProgress::Absent) => State::Absent,
        Fact::Stored => State::Completed,
    };
    state.map_or(said, |state| state.max(said))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_fact() -> impl Strategy<Value = Fact> {
        proptest::sample::select(vec![
            Fact::Progress(RecordingProgress::InProgress),
            Fact::Progress(RecordingProgress::Absent),
            Fact::Progress(RecordingProgress::Failed),
            Fact::Available,
            Fact::GivenUp,
            Fact::Stored,
        ])
    }

    fn fold(facts: &[Fact]) -> Option<State> {
        facts.iter().fold(None, |state, fact| Some(apply(state, *fact)))
    }

    proptest! {
        #[test]
        fn any_order_gives_the_same_state(
            (facts, shuffled) in proptest::collection::vec(any_fact(), 1..8)
                .prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
        ) {
            prop_assert_eq!(fold(&facts), fold(&shuffled));
        }
    }

    #[test]
    fn what_is_stored_stays_and_what_failed_can_still_be_had() {
        use RecordingProgress::{Absent, Failed, InProgress};
        let progress = Fact::Progress;
        for (facts, wanted) in [
            (vec![progress(InProgress), Fact::Available], State::Processing),
            (vec![Fact::Available, Fact::Stored, progress(InProgress)], State::Completed),
            (vec![Fact::Available, Fact::GivenUp], State::Failed),
            (vec![Fact::GivenUp, Fact::Available], State::Failed),
            (vec![Fact::GivenUp, Fact::Available, Fact::Stored], State::Completed),
            (vec![progress(Absent)], State::Absent),
            (vec![progress(Failed), progress(InProgress)], State::Failed),
        ] {
            assert_eq!(fold(&facts), Some(wanted), "{facts:?}");
        }
    }

    #[test]
    fn words_round_trip() {
        for (state, word) in State::WORDS {
            assert_eq!((state.as_str(), State::parse(word)), (word, Some(state)));
        }
    }
}

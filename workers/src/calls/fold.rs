//! The state of a call as a pure fold over its events.
//!
//! Every part of the state is the greatest of what the events said, by an order
//! that does not look at when they arrived. So any order of arrival and any
//! repetition gives the same state; `tests` prove it over random histories.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
};

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{CallSid, UserId},
    phone::{self, E164},
};
use prosaas_events::call::{self, Answer, CallStatus};

use super::fact::{CallFact, Dial, Parties, What};

/// What is known of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallState {
    /// Who called whom and how it was answered, with where we know it from.
    pub details: Option<Details>,
    /// The status that holds.
    pub status: Option<StatusMark>,
    /// The earliest moment that any event names.
    pub started_at: Option<DateTime<Utc>>,
    /// When the call ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it lasted, seconds: the longest that was reported.
    pub duration_s: Option<u32>,
    /// How forwarding it ended.
    pub dial: Option<Dial>,
    /// The legs on which it was taken, each with the number that was rung. Two people may press at once.
    pub accepted: BTreeMap<CallSid, Option<E164>>,
    /// The legs on which a person of the business was rung, each with who it was.
    pub people: BTreeMap<CallSid, UserId>,
    /// Twilio does not know how it ended.
    pub unknown: bool,
}

/// Who called whom, and the event that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Who called whom.
    pub parties: Parties,
    /// What Twilio was told to do; known from the incoming event only.
    pub answer: Option<Answer>,
    /// When the event happened.
    pub at: DateTime<Utc>,
    /// Its id.
    pub event_id: String,
}

/// A status and its place in Twilio's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusMark {
    /// The status.
    pub status: CallStatus,
    /// Twilio's `SequenceNumber`; none counts as before the first.
    pub sequence: Option<u32>,
}

/// Applies one event.
#[must_use]
pub fn apply(mut state: CallState, fact: CallFact) -> CallState {
    let CallFact { event_id, at, what } = fact;
    state.started_at = Some(state.started_at.map_or(at, |known| known.min(at)));
    match what {
        What::Incoming { parties, status, answer } => {
            let details = Details { parties, answer: Some(answer), at, event_id };
            state.details = Some(greatest(state.details, details, details_order));
            if let Some(status) = status {
                state.report(StatusMark { status, sequence: None }, at);
            }
        }
        What::Status { parties, status, sequence, duration_s } => {
            if parties.from.is_some() || parties.to.is_some() {
                let details = Details { parties, answer: None, at, event_id };
                state.details = Some(greatest(state.details, details, details_order));
            }
            state.duration_s = state.duration_s.max(duration_s);
            state.report(StatusMark { status, sequence }, at);
        }
        What::LegAccepted { leg, number, user } => {
            state.rang(Some(&leg), user);
            let held = state.accepted.entry(leg).or_default();
            *held = held.take().max(number);
        }
        What::Told => {}
        What::Unknown => state.unknown = true,
        What::Dialed(dial, user) => {
            state.rang(dial.dialed_call_sid.as_ref(), user);
            state.dial = Some(greatest(state.dial, dial, dial_order));
        }
    }
    state
}

impl CallState {
    fn report(&mut self, mark: StatusMark, at: DateTime<Utc>) {
        self.status = Some(greatest(self.status, mark, status_order));
        if mark.status.is_terminal() {
            self.ended_at = self.ended_at.max(Some(at));
        }
    }

    fn rang(&mut self, leg: Option<&CallSid>, user: Option<UserId>) {
        if let (Some(leg), Some(user)) = (leg, user) {
            let held = self.people.entry(leg.clone()).or_insert(user);
            *held = (*held).max(user);
        }
    }

    /// Who called whom; nothing where no event has said so yet.
    pub fn parties(&self) -> Parties {
        self.details.as_ref().map(|d| d.parties.clone()).unwrap_or_default()
    }

    /// What Twilio was told to do.
    pub fn answer(&self) -> Option<Answer> {
        self.details.as_ref().and_then(|d| d.answer)
    }

    /// Whether somebody called us. Twilio always says so; what does not is a test tool's.
    pub fn is_inbound(&self) -> bool {
        let direction = self.details.as_ref().and_then(|d| d.parties.direction.as_deref());
        !call::is_outbound(direction)
    }

    /// The call that this one is a leg of: we dialled it to forward that call.
    pub fn forwarded_call(&self) -> Option<&CallSid> {
        let parties = &self.details.as_ref()?.parties;
        parties.parent_call_sid.as_ref().filter(|_| call::is_outbound(parties.direction.as_deref()))
    }

    /// The caller's number, where it is one that can be called back.
    pub fn caller(&self) -> Option<E164> {
        phone::caller(self.details.as_ref()?.parties.from.as_deref()?)
    }

    /// The called number.
    pub fn called(&self) -> Option<E164> {
        phone::caller(self.details.as_ref()?.parties.to.as_deref()?)
    }

    /// Whether a person took the call: of a forwarded one, where everybody is asked first, somebody pressed 1 and
    /// Twilio says that the two were connected; of a call that we made, whoever was called. The table has the same rule,
    /// in a column of its own.
    pub fn answered(&self) -> bool {
        let completed = self.status.is_some_and(|mark| mark.status == CallStatus::Completed);
        let taken = |dial: &Dial| dial.put_through() && !(dial.screened && self.accepted.is_empty());
        let leg = self.parties().parent_call_sid.is_some();
        self.dial.as_ref().is_some_and(taken) || (completed && !self.is_inbound() && !leg)
    }

    /// The number at which a forwarded call was taken, where that is known.
    pub fn answered_by(&self) -> Option<&E164> {
        let leg = self.dial.as_ref().filter(|_| self.answered())?.dialed_call_sid.as_ref()?;
        self.accepted.get(leg)?.as_ref()
    }

    /// The person of the business who took a forwarded call, where that is known.
    pub fn answered_by_user(&self) -> Option<UserId> {
        let leg = self.dial.as_ref().filter(|_| self.answered())?.dialed_call_sid.as_ref()?;
        self.people.get(leg).copied()
    }

    /// Whether the caller left without having spoken with anybody of the business.
    ///
    /// Only an inbound call that has ended is missed, and only while no event says
    /// that a person took it: a call that "completed" had nobody but our own
    /// announcement and recorder on the line, or nginx's while we were away (then no
    /// incoming event ever comes), or a voicemail. A message wants a call back, too, and
    /// so does a call of which nobody knows how it ended.
    pub fn missed(&self) -> bool {
        let ended = self.unknown || self.status.is_some_and(|mark| mark.status.is_terminal());
        ended && self.is_inbound() && !self.answered()
    }
}

fn greatest<T>(held: Option<T>, new: T, order: impl Fn(&T, &T) -> Ordering) -> T {
    match held {
        Some(held) if order(&held, &new) != Ordering::Less => held,
        _ => new,
    }
}

/// A terminal status is never left; then Twilio's count decides; then how far the
/// call has got.
fn status_order(a: &StatusMark, b: &StatusMark) -> Ordering {
    let key = |mark: &StatusMark| (mark.status.is_terminal(), mark.sequence, mark.status);
    key(a).cmp(&key(b))
}

/// The incoming event knows best; then who names both parties; then the earliest,
/// its id settling a tie.
fn details_order(a: &Details, b: &Details) -> Ordering {
    fn key(details: &Details) -> (bool, usize, Reverse<DateTime<Utc>>, Reverse<&str>) {
        let parties = &details.parties;
        let named = usize::from(parties.from.is_some()) + usize::from(parties.to.is_some());
        (details.answer.is_some(), named, Reverse(details.at), Reverse(details.event_id.as_str()))
    }
    key(a).cmp(&key(b))
}

fn dial_order(a: &Dial, b: &Dial) -> Ordering {
    let key = |dial: &Dial| {
        (
            dial.put_through(),
            dial.outcome,
            dial.bridged,
            dial.screened,
            dial.duration_s,
            dial.dialed_call_sid.clone().map(String::from),
        )
    };
    key(a).cmp(&key(b))
}

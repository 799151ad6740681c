//! Who is rung, and in which order.

use chrono::{DateTime, Utc};
use prosaas_domain::{
    call_config::{CallConfig, MAX_FORWARD_TO, Ringing, Target, Who},
    ids::UserId,
    phone::E164,
};

use super::{hours::Schedule, place::Round};

/// Somebody who can be rung.
#[derive(Debug, Clone)]
pub(super) struct Callee {
    pub(super) number: E164,
    /// Whether they are asked to press 1 first.
    pub(super) ask: bool,
    /// How long they are rung, seconds.
    pub(super) timeout_s: u16,
    /// The person, where it is one of the business.
    pub(super) user: Option<UserId>,
    hours: Option<Schedule>,
    not_before: Option<DateTime<Utc>>,
}

impl Callee {
    fn takes_calls(&self, now: DateTime<Utc>) -> bool {
        self.not_before.is_none_or(|until| now >= until)
            && self.hours.as_ref().is_none_or(|hours| hours.is_open(now))
    }
}

/// A list of targets, as it is rung. Settings that never passed validation (an older writer's) must not cost a caller the
/// answer: what cannot be rung is left out, and times are brought into their range.
#[derive(Debug, Clone, Default)]
pub(super) struct Callees {
    list: Vec<Callee>,
    ringing: Ringing,
    /// How long they may ring one after the other, seconds. Being asked takes time, too.
    limit_s: u16,
}

/// Who is rung now, at once.
pub(super) struct Turn<'a> {
    pub(super) callees: Vec<&'a Callee>,
    pub(super) round: Round,
}

impl Callees {
    pub(super) fn new(config: &CallConfig, targets: &[Target]) -> Self {
        let mut list: Vec<Callee> = Vec::new();
        for target in targets {
            let Some(number) = config.number_of(target) else { continue };
            // A call forwarded to the number that it came in on would never end.
            let listed = list.iter().any(|callee| callee.number == *number);
            if listed || config.numbers.contains(number) || list.len() == MAX_FORWARD_TO {
                continue;
            }
            let user = match target.who {
                Who::Member(user) => Some(user),
                Who::Number(_) => None,
            };
            let person = user.and_then(|user| config.person(user));
            let hours = person.and_then(|person| person.hours.clone());
            list.push(Callee {
                number: number.clone(),
                ask: target.asks(number),
                timeout_s: target.timeout_s.unwrap_or(config.settings.forward_timeout_s).clamp(5, 60),
                user,
                hours: hours.map(|hours| Schedule::weekly(config.time_zone, hours)),
                not_before: person.and_then(|person| person.not_before),
            });
        }
        Self { list, ringing: config.settings.ringing, limit_s: config.settings.ring_limit_s }
    }

    /// Whether there is nobody who could ever be rung.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether anybody is asked before the caller is put through.
    pub(super) fn asks(&self) -> bool {
        self.list.iter().any(|callee| callee.ask)
    }

    /// Whether each call begins with another of them.
    pub(super) fn takes_turns(&self) -> bool {
        self.ringing == Ringing::InTurn
    }

    /// Whether the same people are rung on every call at every hour.
    pub(super) fn is_constant(&self) -> bool {
        let always = |callee: &Callee| callee.hours.is_none() && callee.not_before.is_none();
        self.ringing == Ringing::All && self.list.iter().all(always)
    }

    /// Who is rung first, of a call that is the `turn`th of the business. Nobody, where nobody takes calls now.
    pub(super) fn first(&self, begun: Round, turn: usize, now: DateTime<Utc>) -> Option<Turn<'_>> {
        match self.ringing {
            Ringing::All => {
                let callees: Vec<_> = self.list.iter().filter(|callee| callee.takes_calls(now)).collect();
                (!callees.is_empty()).then_some(Turn { callees, round: begun })
            }
            Ringing::InOrder => self.from(&Round { since: Some(now.timestamp()), ..begun }, 0, now),
            Ringing::InTurn => {
                let first = turn.checked_rem(self.list.len()).unwrap_or_default();
                self.from(&Round { first, since: Some(now.timestamp()), ..begun }, 0, now)
            }
        }
    }

    /// Who is rung when nobody has taken the call in that round. Where all were rung at once nobody is left, and where
    /// the business's limit is over nobody more is rung.
    pub(super) fn after(&self, round: &Round, now: DateTime<Utc>) -> Option<Turn<'_>> {
        let next = round.step?.checked_add(1)?;
        let over = |since: i64| now.timestamp().saturating_sub(since) >= i64::from(self.limit_s);
        if round.since.is_some_and(over) {
            return None;
        }
        self.from(round, next, now)
    }

    /// The first who takes calls, from that step on.
    fn from(&self, round: &Round, step: usize, now: DateTime<Utc>) -> Option<Turn<'_>> {
        (step..self.list.len()).find_map(|step| {
            let at = round.first.checked_add(step)?.checked_rem(self.list.len())?;
            let callee = self.list.get(at).filter(|callee| callee.takes_calls(now))?;
            Some(Turn { callees: vec![callee], round: Round { step: Some(step), ..round.clone() } })
        })
    }
}

//! A call in the transaction that changes it.

use prosaas_domain::ids::CallSid;

use super::{event::CallEvent, fold::CallState, store::StoredCall};
use crate::{audit::Actor, domain_events::Trigger, runtime::Meta};

/// How a call stood, how it will stand, and for what.
#[derive(Debug)]
pub struct Change<'a> {
    /// The call.
    pub call: CallSid,
    /// Its row before; none where it has none.
    pub before: Option<StoredCall>,
    /// As it will be; its version is that of `before` until something differs.
    pub after: StoredCall,
    /// The events that are new, in the order in which they are applied.
    pub steps: Vec<Step<'a>>,
    /// What leads and domain events of it come from.
    pub origin: Origin,
}

/// What a change comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The key of the event, where one was applied.
    pub event_id: Option<String>,
    /// Who raised it.
    pub actor: Actor,
    /// What domain events are raised for.
    pub trigger: Trigger,
}

impl Origin {
    /// An event.
    pub fn of(meta: &Meta) -> Self {
        Self { event_id: Some(meta.key()), actor: Actor::of(meta), trigger: Trigger::of(meta) }
    }
}

/// One event of a call, and the state after it.
#[derive(Debug)]
pub struct Step<'a> {
    /// Its envelope.
    pub meta: &'a Meta,
    /// What it says.
    pub event: &'a CallEvent,
    /// The call's state once it is applied.
    pub state: CallState,
}

impl Change<'_> {
    /// Whether the row is another one than before.
    pub fn is_one(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }

    /// Whether the business has become known, so that what came earlier of the call is its too.
    pub fn finds_business(&self) -> bool {
        self.after.business.is_some() && self.before.as_ref().is_none_or(|before| before.business.is_none())
    }

    /// Whether one of the events is that of the call coming in.
    pub fn comes_in(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.event, CallEvent::Incoming(_)))
    }
}

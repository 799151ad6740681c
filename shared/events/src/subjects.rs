//! Every stream, consumer and subject name. Nothing else in the code spells one.
//!
//! ```text
//! event        = domain "." event "." entity        call.incoming.CA…
//!              | "crm." noun "." verb "." entity    crm.lead.delete.<lead>
//!              | "ops." noun "." verb "." entity    ops.replay.start.<replay>
//! domain event = "event." domain "." event "." entity   event.call.missed.CA…
//! dead letter  = "dead." event
//! replay       = "replay." consumer "." event       read by that consumer only
//! live update  = "live." business "." kind "." entity
//! ```

use std::fmt;

use prosaas_domain::ids::{BusinessId, CallSid, RecordingSid, WhatsappSessionId};
use serde::{Deserialize, Serialize};

pub use crate::stream::Stream;
use crate::{crm::CommandArgs, domain_event::DomainEventData};

/// Durable consumers, one for each worker.
pub mod consumers {
    /// Keeps the calls' rows.
    pub const CALLS: &str = "calls";
    /// Fetches recordings.
    pub const RECORDINGS: &str = "recordings";
    /// Applies the CRM's commands.
    pub const CRM: &str = "crm";
    /// Keeps WhatsApp sessions' rows and carries out commands.
    pub const WHATSAPP: &str = "whatsapp";
    /// Files what failed for good, so that operators can find it.
    pub const DEAD_LETTERS: &str = "dead-letters";
    /// Files what the server itself gave up.
    pub const ADVISORIES: &str = "advisories";
    /// Applies operators' commands.
    pub const OPS: &str = "ops";

    /// Those whose events can be replayed, each with its stream.
    pub const OF_EVENTS: [(&str, super::Stream); 5] = [
        (CALLS, super::Stream::Calls),
        (RECORDINGS, super::Stream::Recordings),
        (WHATSAPP, super::Stream::Whatsapp),
        (CRM, super::Stream::Crm),
        (OPS, super::Stream::Ops),
    ];
}

/// The stream of the server's own reports of messages that were given up.
pub const ADVISORIES_STREAM: &str = "ADVISORIES";

/// Bucket of call configuration, one key a business; its value is a `CallConfig`.
pub const CALL_CONFIG_BUCKET: &str = "call_config";

/// Key of one business in [`CALL_CONFIG_BUCKET`].
pub fn call_config_key(business: BusinessId) -> String {
    business.to_string()
}

/// Where an event belongs: its stream and its subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    stream: Stream,
    text: String,
}

impl Subject {
    /// The stream that keeps it.
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// The subject's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Takes the text out.
    pub fn into_string(self) -> String {
        self.text
    }

    /// `call.incoming.CA…`: a call asks to be answered.
    pub fn call_incoming(call: &CallSid) -> Self {
        Self { stream: Stream::Calls, text: format!("call.incoming.{call}") }
    }

    /// `call.status.CA…`: Twilio reports a call's status.
    pub fn call_status(call: &CallSid) -> Self {
        Self { stream: Stream::Calls, text: format!("call.status.{call}") }
    }

    /// `call.leg_accepted.CA…`: whoever answered a forwarded call took it.
    pub fn call_leg_accepted(call: &CallSid) -> Self {
        Self { stream: Stream::Calls, text: format!("call.leg_accepted.{call}") }
    }

    /// `call.menu.CA…`: a caller was asked to choose.
    pub fn call_menu(call: &CallSid) -> Self {
        Self { stream: Stream::Calls, text: format!("call.menu.{call}") }
    }

    /// `call.error.CA…`: Twilio could not do what it was told to.
    pub fn call_error(call: &CallSid) -> Self {
        Self { stream: Stream::Calls, text: format!("call.error.{call}") }
    }

    /// `call.unknown.CA…`: nobody knows how a call ended.
    pub fn call_unknown(call: &CallSid) -> Self {
        Self { stream: Stream::Calls, text: format!("call.unknown.{call}") }
    }

    /// `call.dialed.CA…`: how forwarding a call ended.
    pub fn call_dialed(call: &CallSid) -> Self {
        Self { stream: Stream::Calls, text: format!("call.dialed.{call}") }
    }

    /// `recording.available.RE…`: a recording is complete at Twilio.
    pub fn recording_available(recording: &RecordingSid) -> Self {
        Self { stream: Stream::Recordings, text: format!("recording.available.{recording}") }
    }

    /// `recording.status.RE…`: a recording began, is absent, or failed.
    pub fn recording_status(recording: &RecordingSid) -> Self {
        Self { stream: Stream::Recordings, text: format!("recording.status.{recording}") }
    }

    /// `whatsapp.fact.<session>`: the WhatsApp service reports what happened.
    pub fn whatsapp_fact(session: WhatsappSessionId) -> Self {
        Self { stream: Stream::Whatsapp, text: format!("whatsapp.fact.{session}") }
    }

    /// `event.<domain>.<event>.<entity>`: what a worker has changed.
    pub fn domain_event<T: DomainEventData>(data: &T) -> Self {
        Self { stream: Stream::Events, text: domain_event_address::<T>(&data.entity()) }
    }

    /// `crm.<noun>.<verb>.<entity>`: a command of the CRM. A command of another stream
    /// names its domain itself: `whatsapp.init.<business>`.
    pub fn command<T: CommandArgs>(args: &T) -> Self {
        Self { stream: T::STREAM, text: command_address::<T>(&args.entity().to_string()) }
    }
}

/// The subject of a command about an entity.
pub fn command_address<T: CommandArgs>(entity: &str) -> String {
    let domain = match T::STREAM {
        Stream::Crm => "crm.",
        Stream::Ops => "ops.",
        _ => "",
    };
    format!("{domain}{}.{entity}", T::ACTION)
}

/// The subject of a domain event about an entity.
pub fn domain_event_address<T: DomainEventData>(entity: &str) -> String {
    format!("event.{}.{entity}", T::NAME)
}

/// The stream that keeps live updates for a while.
pub const LIVE_STREAM: &str = "LIVE";

/// Every live update.
pub const LIVE_ALL: &str = "live.>";

/// Every live update of one business.
pub fn live_of(business: BusinessId) -> String {
    format!("live.{business}.>")
}

/// What a live update is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveKind {
    /// A lead.
    Lead,
    /// A call.
    Call,
    /// A recording.
    Recording,
    /// A person.
    User,
    /// A business.
    Business,
    /// What became of a command.
    Operation,
    /// A WhatsApp session.
    Whatsapp,
    /// A dead letter.
    DeadLetter,
    /// A replay.
    Replay,
    /// A worker.
    Worker,
}

impl LiveKind {
    /// Its token in a subject.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Call => "call",
            Self::Recording => "recording",
            Self::User => "user",
            Self::Business => "business",
            Self::Operation => "operation",
            Self::Whatsapp => "whatsapp",
            Self::DeadLetter => "dead_letter",
            Self::Replay => "replay",
            Self::Worker => "worker",
        }
    }
}

/// `live.<business>.<kind>.<entity>`, see [`crate::live::LiveUpdate`]: something changed; of what belongs to no
/// business, `system` stands in its place.
pub fn live(business: Option<BusinessId>, kind: LiveKind, entity: impl fmt::Display) -> String {
    let kind = kind.as_str();
    match business {
        Some(business) => format!("live.{business}.{kind}.{entity}"),
        None => format!("live.system.{kind}.{entity}"),
    }
}

/// The subject of a dead letter: the event's own behind `dead.`.
pub fn dead(subject: &str) -> String {
    format!("dead.{subject}")
}

/// A subject that only `consumer` reads, for a replay.
pub fn replay(consumer: &str, subject: &str) -> String {
    format!("replay.{consumer}.{subject}")
}

/// The event's own subject, whether it came directly or by a replay.
pub fn original(subject: &str) -> &str {
    subject.strip_prefix("replay.").and_then(|rest| rest.split_once('.')).map_or(subject, |(_, event)| event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_round_trips() -> anyhow::Result<()> {
        let call: CallSid = "CA1".parse()?;
        let subject = Subject::call_status(&call);
        assert_eq!((subject.stream().name(), subject.as_str()), ("CALLS", "call.status.CA1"));
        assert_eq!(dead(subject.as_str()), "dead.call.status.CA1");
        let again = replay(consumers::CALLS, subject.as_str());
        assert_eq!(again, "replay.calls.call.status.CA1");
        assert_eq!(original(&again), subject.as_str());
        assert_eq!(original(subject.as_str()), subject.as_str());
        let business = BusinessId(uuid::Uuid::nil());
        let update = live(Some(business), LiveKind::Call, &call);
        assert_eq!(update, "live.00000000-0000-0000-0000-000000000000.call.CA1");
        assert!(update.starts_with(live_of(business).trim_end_matches('>')));
        assert_eq!(live(None, LiveKind::User, "u"), "live.system.user.u");
        Ok(())
    }

    #[test]
    fn lanes_never_move() {
        let lanes: Vec<_> = Stream::PUMPED.iter().map(|s| (s.lane(), s.name())).collect();
        assert_eq!(
            lanes,
            [(0, "CALLS"), (1, "RECORDINGS"), (2, "WHATSAPP"), (3, "CRM"), (4, "DEAD"), (5, "OPS")]
        );
    }
}

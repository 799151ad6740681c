//! What one event says of a call, whichever event it is.

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{CallSid, UserId},
    phone::E164,
};
use prosaas_events::call::{
    self, Answer, CallDialedV1, CallIncomingV1, CallLegAcceptedV1, CallStatus, CallStatusV1,
};

/// One fact about a call. Times and numbers are as the event has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFact {
    /// The CloudEvents id.
    pub event_id: String,
    /// When it happened: by Twilio's clock, else when the ingress received it.
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The call asked to be answered, and was.
    Incoming {
        /// Who called whom.
        parties: Parties,
        /// The status at that moment.
        status: Option<CallStatus>,
        /// What Twilio was told to do.
        answer: Answer,
    },
    /// Twilio reports a status.
    Status {
        /// Who called whom, as far as it says so.
        parties: Parties,
        /// The status.
        status: CallStatus,
        /// Twilio's count of this call's callbacks.
        sequence: Option<u32>,
        /// How long the call lasted, seconds.
        duration_s: Option<u32>,
    },
    /// Something that changes nothing and stands in the history alone: what a caller pressed, an error of Twilio's.
    Told,
    /// Whoever was rung took the call: they pressed 1.
    LegAccepted {
        /// Their leg.
        leg: CallSid,
        /// The number that was rung.
        number: Option<E164>,
        /// The person who was.
        user: Option<UserId>,
    },
    /// Forwarding the call ended. With the person who was rung, where it was one alone.
    Dialed(Dial, Option<UserId>),
    /// Twilio does not know how it ended.
    Unknown,
}

/// Who called whom, as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parties {
    /// Who called.
    pub from: Option<String>,
    /// Who was called.
    pub to: Option<String>,
    /// `inbound` or one of the outbound directions.
    pub direction: Option<String>,
    /// The caller's name by the network's look-up.
    pub caller_name: Option<String>,
    /// The number that forwarded the call to us.
    pub forwarded_from: Option<String>,
    /// The leg that started this one.
    pub parent_call_sid: Option<CallSid>,
}

/// How forwarding ended. Of several reports the greatest holds: one that put the caller
/// through is greater than any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// `completed` means that somebody, or a voicemail, picked up.
    pub outcome: CallStatus,
    /// Whether the two were connected, where Twilio says so.
    pub bridged: Option<bool>,
    /// Whether everybody who was rung had to press 1 first.
    pub screened: bool,
    /// How long the two spoke, seconds.
    pub duration_s: Option<u32>,
    /// The leg of whoever answered.
    pub dialed_call_sid: Option<CallSid>,
}

impl Dial {
    /// Whether the caller was put through, as far as the dial's end tells.
    pub fn put_through(&self) -> bool {
        call::was_put_through(self.outcome, self.bridged, self.screened)
    }
}

impl CallFact {
    /// From `call.incoming`.
    pub fn incoming(event_id: &str, received: DateTime<Utc>, data: &CallIncomingV1) -> Self {
        let parties = Parties {
            from: Some(data.from.clone()),
            to: Some(data.to.clone()),
            direction: data.direction.clone(),
            caller_name: data.caller_name.clone().filter(|name| !name.trim().is_empty()),
            forwarded_from: data.forwarded_from.clone(),
            parent_call_sid: data.parent_call_sid.clone(),
        };
        let what = What::Incoming { parties, status: data.status, answer: data.answer };
        Self { event_id: event_id.to_owned(), at: received, what }
    }

    /// From `call.status`.
    pub fn status(event_id: &str, received: DateTime<Utc>, data: &CallStatusV1) -> Self {
        let parties = Parties {
            from: data.from.clone(),
            to: data.to.clone(),
            direction: data.direction.clone(),
            parent_call_sid: data.parent_call_sid.clone(),
            ..Parties::default()
        };
        let what = What::Status {
            parties,
            status: data.status,
            sequence: data.sequence_number,
            duration_s: data.duration_s,
        };
        Self { event_id: event_id.to_owned(), at: data.occurred_at.unwrap_or(received), what }
    }

    /// From `call.menu` and `call.error`.
    pub fn told(event_id: &str, received: DateTime<Utc>) -> Self {
        Self { event_id: event_id.to_owned(), at: received, what: What::Told }
    }

    /// From `call.leg_accepted`.
    pub fn leg_accepted(event_id: &str, received: DateTime<Utc>, data: &CallLegAcceptedV1) -> Self {
        let what =
            What::LegAccepted { leg: data.leg_sid.clone(), number: data.number.clone(), user: data.user_id };
        Self { event_id: event_id.to_owned(), at: received, what }
    }

    /// From `call.unknown`.
    pub fn unknown(event_id: &str, received: DateTime<Utc>) -> Self {
        Self { event_id: event_id.to_owned(), at: received, what: What::Unknown }
    }

    /// From `call.dialed`.
    pub fn dialed(event_id: &str, received: DateTime<Utc>, data: &CallDialedV1) -> Self {
        let dial = Dial {
            outcome: data.outcome,
            bridged: data.bridged,
            screened: data.screened,
            duration_s: data.duration_s,
            dialed_call_sid: data.dialed_call_sid.clone(),
        };
        let what = What::Dialed(dial, data.user_id);
        Self { event_id: event_id.to_owned(), at: received, what }
    }
}

//! What one event says of a call, whichever event it is.

use chrono::{DateTime, Utc};
use prosaas_domain::ids::CallSid;
use prosaas_events::call::{Answer, CallDialedV1, CallIncomingV1, CallStatus, CallStatusV1};

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
    /// Forwarding the call ended.
    Dialed(Dial),
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

/// How forwarding ended. Of several reports the greatest holds: an answered dial
/// is greater than any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// `completed` means that somebody answered.
    pub outcome: CallStatus,
    /// How long the two spoke, seconds.
    pub duration_s: Option<u32>,
    /// The leg of whoever answered.
    pub dialed_call_sid: Option<CallSid>,
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

    /// From `call.dialed`.
    pub fn dialed(event_id: &str, received: DateTime<Utc>, data: &CallDialedV1) -> Self {
        let what = What::Dialed(Dial {
            outcome: data.outcome,
            duration_s: data.duration_s,
            dialed_call_sid: data.dialed_call_sid.clone(),
        });
        Self { event_id: event_id.to_owned(), at: received, what }
    }
}

//! A call as the API shows it.

use chrono::{DateTime, Utc};
use prosaas_domain::ids::{CallSid, LeadId, RecordingSid};
use prosaas_events::call::{Answer, CallStatus};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    problem::Problem,
    stored::{Person, value_of},
};

/// How far a recording has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Twilio has it, or still makes it.
    Processing,
    /// It can be heard.
    Completed,
    /// Nothing was recorded.
    Absent,
    /// It could not be had.
    Failed,
}

/// A recording of a call.
#[expect(clippy::struct_field_names, reason = "an id is called the same everywhere on the wire")]
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Recording {
    /// Which; `/api/recordings/{recording_sid}/audio` plays it.
    pub recording_sid: RecordingSid,
    /// How far it has come.
    pub state: RecordingState,
    /// Its length, seconds.
    #[schema(required = true)]
    pub duration_s: Option<i64>,
    /// Its size, once it can be heard.
    #[schema(required = true)]
    pub bytes: Option<i64>,
    /// Why it failed, for people.
    #[schema(required = true)]
    pub failure: Option<String>,
    /// When we first heard of it.
    pub created_at: DateTime<Utc>,
}

/// The lead on the other side.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallLead {
    /// Which.
    pub id: LeadId,
    /// Null while nobody knows it.
    #[schema(required = true)]
    pub name: Option<String>,
}

/// A call.
#[expect(clippy::struct_excessive_bools, reason = "they are the wire's fields")]
#[derive(Debug, Serialize, ToSchema)]
pub struct Call {
    /// Which.
    pub call_sid: CallSid,
    /// In Twilio's words: `inbound`, `outbound-api`, `outbound-dial`.
    #[schema(required = true)]
    pub direction: Option<String>,
    /// Who called, as sent.
    #[schema(required = true)]
    pub from: Option<String>,
    /// Who called, where that is a number that can be called back.
    #[schema(required = true)]
    pub from_e164: Option<String>,
    /// Who was called, as sent.
    #[schema(required = true)]
    pub to: Option<String>,
    /// Who was called, where that is an E.164 number.
    #[schema(required = true)]
    pub to_e164: Option<String>,
    /// The caller's name by the network's look-up.
    #[schema(required = true)]
    pub caller_name: Option<String>,
    /// The lead on the other side.
    #[schema(required = true)]
    pub lead: Option<CallLead>,
    /// What the caller was answered.
    #[schema(required = true)]
    pub answer: Option<Answer>,
    /// In Twilio's words.
    #[schema(required = true)]
    pub status: Option<CallStatus>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; null while it goes on.
    #[schema(required = true)]
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it lasted, seconds.
    #[schema(required = true)]
    pub duration_s: Option<i64>,
    /// How forwarding ended; `completed` means that somebody, or a voicemail, picked up.
    #[schema(required = true)]
    pub dial_outcome: Option<CallStatus>,
    /// Whether a person took the call: of a forwarded one, whoever pressed 1 and was connected.
    pub answered: bool,
    /// The number at which a forwarded call was taken, where that is known.
    #[schema(required = true)]
    pub answered_by: Option<String>,
    /// The person of the business who took it, where that is known.
    #[schema(required = true)]
    pub person: Option<Person>,
    /// How long the two spoke, seconds.
    #[schema(required = true)]
    pub dial_duration_s: Option<i64>,
    /// No last status came, and Twilio does not know how it ended.
    pub unknown: bool,
    /// Whether it ended without anybody of the business having spoken with the caller.
    pub missed: bool,
    /// Whether it is missed and its caller can be called back.
    pub callback_needed: bool,
    /// When somebody marked it as called back.
    #[schema(required = true)]
    pub called_back_at: Option<DateTime<Utc>>,
    /// Who did.
    #[schema(required = true)]
    pub called_back_by: Option<Person>,
    /// Its recordings.
    pub recordings: Vec<Recording>,
}

/// A row of [`super::select`].
#[expect(clippy::struct_excessive_bools, reason = "they are the table's columns")]
pub(super) struct CallRow {
    pub call_sid: String,
    pub direction: Option<String>,
    pub from_raw: Option<String>,
    pub from_e164: Option<String>,
    pub to_raw: Option<String>,
    pub to_e164: Option<String>,
    pub caller_name: Option<String>,
    pub lead_id: Option<Uuid>,
    pub lead_name: Option<String>,
    pub answer: Option<String>,
    pub status: Option<String>,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub duration_s: Option<i64>,
    pub dial_outcome: Option<String>,
    pub answered: bool,
    pub answered_by: Option<String>,
    pub person_id: Option<Uuid>,
    pub person_name: Option<String>,
    pub unknown: bool,
    pub dial_duration_s: Option<i64>,
    pub missed: bool,
    pub callback_needed: bool,
    pub called_back_at: Option<DateTime<Utc>>,
    pub called_back_by: Option<Uuid>,
    pub called_back_by_name: Option<String>,
    pub recordings: Option<Json<Vec<Recording>>>,
}

impl TryFrom<CallRow> for Call {
    type Error = Problem;

    fn try_from(row: CallRow) -> Result<Self, Problem> {
        let status = |word: Option<String>| word.as_deref().map(value_of::<CallStatus>).transpose();
        Ok(Self {
            call_sid: row.call_sid.parse().map_err(|_| Problem::internal())?,
            direction: row.direction,
            from: row.from_raw,
            from_e164: row.from_e164,
            to: row.to_raw,
            to_e164: row.to_e164,
            caller_name: row.caller_name,
            lead: row.lead_id.map(|id| CallLead { id: LeadId(id), name: row.lead_name }),
            answer: row.answer.as_deref().map(value_of).transpose()?,
            status: status(row.status)?,
            started_at: row.started_at,
            ended_at: row.ended_at,
            duration_s: row.duration_s,
            dial_outcome: status(row.dial_outcome)?,
            answered: row.answered,
            answered_by: row.answered_by,
            person: Person::of(row.person_id, row.person_name),
            unknown: row.unknown && row.ended_at.is_none(),
            dial_duration_s: row.dial_duration_s,
            missed: row.missed,
            callback_needed: row.callback_needed,
            called_back_at: row.called_back_at,
            called_back_by: Person::of(row.called_back_by, row.called_back_by_name),
            recordings: row.recordings.map(|recordings| recordings.0).unwrap_or_default(),
        })
    }
}

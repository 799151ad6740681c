//! WhatsApp sessions: what the service reports of them, and what people ask for.
//!
//! No QR text, pairing code, credential or key is ever in one of these.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, WhatsappSessionId},
    phone::E164,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{EventData, crm::CommandArgs};
use crate::stream::Stream;

/// How a session stands, as people see it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum WhatsappState {
    /// Nobody has asked for it.
    NotLinked,
    /// WhatsApp is asked for a QR code.
    Requesting,
    /// A QR code can be scanned.
    QrReady,
    /// Nobody scanned or typed in time.
    Expired,
    /// What was shown to scan or to type became void before its time.
    Interrupted,
    /// A pairing code can be typed.
    CodeReady,
    /// A phone has confirmed; it is being linked.
    Pairing,
    /// It works.
    Connected,
    /// Linked; the connection is being made again.
    Reconnecting,
    /// Another client took the connection over.
    Replaced,
    /// Somebody wants it unlinked, and WhatsApp has not heard it yet.
    Unlinking,
    /// It was unlinked from here.
    Unlinked,
    /// It was removed on the phone.
    LoggedOut,
    /// It goes no further by itself.
    Stopped,
}

impl WhatsappState {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::NotLinked,
        Self::Requesting,
        Self::QrReady,
        Self::Expired,
        Self::Interrupted,
        Self::CodeReady,
        Self::Pairing,
        Self::Connected,
        Self::Reconnecting,
        Self::Replaced,
        Self::Unlinking,
        Self::Unlinked,
        Self::LoggedOut,
        Self::Stopped,
    ];

    /// Its name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotLinked => "not_linked",
            Self::Requesting => "requesting",
            Self::QrReady => "qr_ready",
            Self::Expired => "expired",
            Self::Interrupted => "interrupted",
            Self::CodeReady => "code_ready",
            Self::Pairing => "pairing",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Replaced => "replaced",
            Self::Unlinking => "unlinking",
            Self::Unlinked => "unlinked",
            Self::LoggedOut => "logged_out",
            Self::Stopped => "stopped",
        }
    }
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no state of a WhatsApp session")]
pub struct UnknownState;

impl FromStr for WhatsappState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// `pro.prosaas.whatsapp.fact.v1`: the service reports what happened to a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatsappFactV1 {
    /// The session.
    pub session_id: WhatsappSessionId,
    /// Grows with each fact of the session: the order in which they happened.
    #[schemars(extend("x-visible" = true))]
    pub sequence: u64,
    /// The lease under which it was written.
    #[schemars(extend("x-visible" = true))]
    pub generation: u64,
    /// When it happened, by the service's clock.
    #[schemars(extend("x-visible" = true))]
    pub occurred_at: DateTime<Utc>,
    /// What happened.
    pub fact: WhatsappFact,
}

impl EventData for WhatsappFactV1 {
    const TYPE: &'static str = "pro.prosaas.whatsapp.fact.v1";
}

/// What happened to a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum WhatsappFact {
    /// WhatsApp is asked for a QR code.
    Requesting(Nothing),
    /// There is a QR code.
    QrIssued(QrIssued),
    /// A code to type on the phone was issued.
    Pairing(PairingBegan),
    /// A phone confirmed the device.
    Paired(Paired),
    /// The connection stands.
    Connected(Connected),
    /// The connection broke, and will be tried again.
    Dropped(Dropped),
    /// Nobody scanned or typed in time.
    Expired(Ended),
    /// What was shown to scan or to type became void before its time.
    Interrupted(Ended),
    /// Another client took the connection over.
    Replaced(Ended),
    /// It is to be unlinked, and WhatsApp has not heard it yet.
    Unlinking(Ended),
    /// It was unlinked from here.
    Unlinked(Ended),
    /// It was removed on the phone; before there was `unlinked`, also that.
    LoggedOut(Ended),
    /// It goes no further by itself.
    Stopped(Ended),
}

impl WhatsappFact {
    /// Its kind, as on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Requesting(_) => "requesting",
            Self::QrIssued(_) => "qr_issued",
            Self::Pairing(_) => "pairing",
            Self::Paired(_) => "paired",
            Self::Connected(_) => "connected",
            Self::Dropped(_) => "dropped",
            Self::Expired(_) => "expired",
            Self::Interrupted(_) => "interrupted",
            Self::Replaced(_) => "replaced",
            Self::Unlinking(_) => "unlinking",
            Self::Unlinked(_) => "unlinked",
            Self::LoggedOut(_) => "logged_out",
            Self::Stopped(_) => "stopped",
        }
    }
}

/// Nothing more is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A QR code was issued; its text is asked for at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QrIssued {
    /// Until when it can be scanned.
    #[schemars(extend("x-visible" = true))]
    pub expires_at: DateTime<Utc>,
    /// The how manieth of this request.
    #[schemars(extend("x-visible" = true))]
    pub index: u32,
}

/// A code to type on the phone was issued; only its receiver knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingBegan {
    /// How: `code`.
    #[schemars(extend("x-visible" = "id"))]
    pub method: String,
    /// Until when it can be typed.
    #[schemars(extend("x-visible" = true))]
    pub expires_at: DateTime<Utc>,
}

/// A phone confirmed the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paired {
    /// The account's number.
    pub phone: E164,
}

/// The connection stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connected {
    /// The account's number.
    pub phone: E164,
    /// What the account calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_name: Option<String>,
}

/// The connection broke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// WhatsApp's code, where it gave one.
    #[schemars(extend("x-visible" = true))]
    pub code: Option<i32>,
    /// Why, in words for the log.
    pub reason: String,
    /// The same as a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub reason_code: Option<String>,
    /// The how manieth failure in a row.
    #[schemars(extend("x-visible" = true))]
    pub attempt: u32,
    /// When it is tried again.
    #[schemars(extend("x-visible" = true))]
    pub retry_at: DateTime<Utc>,
}

/// What the session came to, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// WhatsApp's code, where it gave one.
    #[schemars(extend("x-visible" = true))]
    pub code: Option<i32>,
    /// Why, in words for the log.
    pub reason: String,
    /// The same as a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub reason_code: Option<String>,
    /// Before when nothing is tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub until: Option<DateTime<Utc>>,
}

/// A command for a business's session. Its entity, and the last token of its subject,
/// is the business: which session it means is the worker's to say.
macro_rules! command {
    ($args:ident, $type:literal, $action:literal) => {
        impl CommandArgs for $args {
            const TYPE: &'static str = $type;
            const ACTION: &'static str = $action;
            const STREAM: Stream = Stream::Whatsapp;

            fn entity(&self) -> Uuid {
                self.business_id.0
            }
        }
    };
}

/// `pro.prosaas.whatsapp.init.v1`: somebody wants WhatsApp linked, or back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatsappInitV1 {
    /// Whose.
    pub business_id: BusinessId,
    /// The session's id, where the business has none yet.
    pub session_id: WhatsappSessionId,
}
command!(WhatsappInitV1, "pro.prosaas.whatsapp.init.v1", "whatsapp.init");

/// `pro.prosaas.whatsapp.pairing_code.v1`: somebody wants to link by typing a code on
/// the phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatsappPairingCodeV1 {
    /// Whose.
    pub business_id: BusinessId,
    /// The session's id, where the business has none yet.
    pub session_id: WhatsappSessionId,
    /// The phone that will be linked.
    pub phone: E164,
}
command!(WhatsappPairingCodeV1, "pro.prosaas.whatsapp.pairing_code.v1", "whatsapp.pairing_code");

/// `pro.prosaas.whatsapp.logout.v1`: somebody wants WhatsApp unlinked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatsappLogoutV1 {
    /// Whose.
    pub business_id: BusinessId,
}
command!(WhatsappLogoutV1, "pro.prosaas.whatsapp.logout.v1", "whatsapp.logout");

/// `pro.prosaas.whatsapp.delete.v1`: the session goes, with everything that is kept of it
/// at the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatsappDeleteV1 {
    /// Whose.
    pub business_id: BusinessId,
}
command!(WhatsappDeleteV1, "pro.prosaas.whatsapp.delete.v1", "whatsapp.delete");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_round_trip() {
        for state in WhatsappState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).ok(), Some(state.as_str().into()));
        }
        assert_eq!("open".parse::<WhatsappState>(), Err(UnknownState));
    }

    #[test]
    fn a_facts_form_is_strict() {
        let read = |text| serde_json::from_str::<WhatsappFact>(text);
        assert!(matches!(
            read(r#"{"kind":"expired","data":{"code":408,"reason":"late"}}"#),
            Ok(WhatsappFact::Expired(_))
        ));
        for wrong in [
            r#"{"kind":"expired","data":{"code":408}}"#,
            r#"{"kind":"expired","data":{"code":"408","reason":"late"}}"#,
            r#"{"kind":"qr_issued","data":{"expires_at":"2026-01-01T00:00:00Z","index":1,"qr":"2@abc"}}"#,
            r#"{"kind":"paired","data":{"phone":"0541234567"}}"#,
            r#"{"kind":"requesting","data":{"x":1}}"#,
            r#"{"kind":"opened","data":{}}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

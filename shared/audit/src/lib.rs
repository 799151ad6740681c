//! What may be seen of an audit record's before and after, declared by kind of thing.
//!
//! Each type names what a record of its kind can hold. What carries no declaration is hidden,
//! such as the names of people, and of what is not named here the name is hidden too.

#![warn(missing_docs)]

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, Utc};
use prosaas_dead_letters::replays::AnySelection;
use prosaas_domain::{
    call_config::CallSettings,
    ids::{BusinessId, CallSid, LeadId, UserId},
    phone::E164,
    rights::Role,
};
use prosaas_events::{
    call::{Answer, CallStatus},
    crm::lead::{LeadSource, LeadStatus},
    visible::{Form, hidden},
    whatsapp::WhatsappState,
};
use schemars::JsonSchema;
use serde_json::Value;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "it declares what may be seen")]
struct BusinessState {
    business_name: String,
    name: String,
    business_id: BusinessId,
    #[schemars(extend("x-visible" = true))]
    active: bool,
    #[schemars(extend("x-visible" = true))]
    revision: i64,
    #[schemars(extend("x-visible" = "id"))]
    time_zone: String,
    numbers: Vec<E164>,
    forward_to: Vec<E164>,
    settings: CallSettings,
}

#[derive(JsonSchema)]
#[expect(dead_code, clippy::struct_excessive_bools, reason = "it declares what may be seen")]
struct CallState {
    status: Option<CallStatus>,
    #[schemars(extend("x-visible" = true))]
    status_sequence: Option<u32>,
    answer: Option<Answer>,
    #[schemars(extend("x-visible" = true))]
    duration_s: Option<u32>,
    dial_outcome: Option<CallStatus>,
    #[schemars(extend("x-visible" = true))]
    dial_bridged: Option<bool>,
    #[schemars(extend("x-visible" = true))]
    accepted_legs: usize,
    #[schemars(extend("x-visible" = true))]
    answered: bool,
    #[schemars(extend("x-visible" = true))]
    unknown: bool,
    #[schemars(extend("x-visible" = true))]
    missed: Option<bool>,
    #[schemars(extend("x-visible" = true))]
    called_back: bool,
    lead_id: Option<LeadId>,
    /// Whether there is one.
    #[schemars(extend("x-visible" = true))]
    caller: bool,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "it declares what may be seen")]
struct LeadState {
    name: Option<String>,
    email: Option<String>,
    tags: Vec<String>,
    #[schemars(extend("x-visible" = "last_digits"))]
    phones: Vec<String>,
    #[schemars(extend("x-visible" = "last_digits"))]
    phone: Option<String>,
    status: LeadStatus,
    source: LeadSource,
    owner_id: Option<UserId>,
    #[schemars(extend("x-visible" = true))]
    notes_length: usize,
    #[schemars(extend("x-visible" = true))]
    version: i64,
    #[schemars(extend("x-visible" = true))]
    deleted: bool,
    #[schemars(extend("x-visible" = true))]
    deleted_at: Option<DateTime<Utc>>,
    call_sid: CallSid,
}

/// Also what was done with their sessions, and what they were invited as.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it declares what may be seen")]
struct UserState {
    name: String,
    email: String,
    role: Role,
    #[schemars(extend("x-visible" = true))]
    deleted: bool,
    #[schemars(extend("x-visible" = true))]
    sessions_ended: u64,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "it declares what may be seen")]
struct RecordingState {
    #[schemars(extend("x-visible" = "id"))]
    state: String,
    /// A sentence of ours.
    #[schemars(extend("x-visible" = true))]
    failure: Option<String>,
    #[schemars(extend("x-visible" = true))]
    bytes: u64,
    #[schemars(extend("x-visible" = true))]
    channels: Option<u8>,
    #[schemars(extend("x-visible" = true))]
    duration_s: Option<u32>,
    #[schemars(extend("x-visible" = "id"))]
    sha256: String,
    #[schemars(extend("x-visible" = true))]
    at_provider: bool,
}

/// The session's reason is in the words of WhatsApp's library, so its code is seen alone.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it declares what may be seen")]
struct SessionState {
    reason: Option<String>,
    state: WhatsappState,
    #[schemars(extend("x-visible" = true))]
    linked: bool,
    #[schemars(extend("x-visible" = true))]
    code: Option<i32>,
    #[schemars(extend("x-visible" = "id"))]
    desired: String,
}

/// What operators do with dead letters, replays and workers, and why.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it declares what may be seen")]
struct OperationState {
    #[schemars(extend("x-visible" = true))]
    reason: String,
    #[schemars(extend("x-visible" = true))]
    number: i64,
    #[schemars(extend("x-visible" = true))]
    count: i64,
    #[schemars(extend("x-visible" = true))]
    rate: u32,
    #[schemars(extend("x-visible" = true))]
    cancelled: i64,
    #[schemars(extend("x-visible" = "id"))]
    state: String,
    #[schemars(extend("x-visible" = "id"))]
    worker: String,
    #[schemars(extend("x-visible" = true))]
    paused: bool,
    #[schemars(extend("x-visible" = true))]
    minutes: Option<u32>,
    selection: AnySelection,
}

static CHANGES: LazyLock<BTreeMap<&'static str, Form>> = LazyLock::new(|| {
    BTreeMap::from([
        ("business", Form::of::<BusinessState>()),
        ("call", Form::of::<CallState>()),
        ("lead", Form::of::<LeadState>()),
        ("user", Form::of::<UserState>()),
        ("session", Form::of::<UserState>()),
        ("invitation", Form::of::<UserState>()),
        ("recording", Form::of::<RecordingState>()),
        ("whatsapp", Form::of::<SessionState>()),
        ("dead_letter", Form::of::<OperationState>()),
        ("replay", Form::of::<OperationState>()),
        ("worker", Form::of::<OperationState>()),
    ])
});

/// What may be seen of how a thing of this kind was, or is.
pub fn seen(entity_type: &str, state: &Value) -> Value {
    CHANGES.get(entity_type).map_or_else(|| hidden(state), |form| form.seen(state))
}

#[cfg(test)]
mod tests {
    use prosaas_domain::call_config::CallConfig;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_shows_what_its_kind_declares() {
        for (kind, state, shown) in [
            (
                "user",
                json!({ "name": "dana", "role": "owner", "deleted": false }),
                json!({ "name": "***", "role": "owner", "deleted": false }),
            ),
            (
                "lead",
                json!({ "name": "dana", "email": "d***@e.example", "phones": ["***567"], "status": "won",
                        "tags": ["vip"], "notes_length": 12, "version": 3, "owner_id": null }),
                json!({ "name": "***", "email": "***", "phones": ["***567"], "status": "won",
                        "tags": ["***"], "notes_length": 12, "version": 3, "owner_id": null }),
            ),
            (
                "call",
                json!({ "status": "busy", "missed": true, "caller": "dana" }),
                json!({ "status": "busy", "missed": true, "caller": "***" }),
            ),
            (
                "whatsapp",
                json!({ "state": "stopped", "linked": false, "code": 401, "reason": "dana" }),
                json!({ "state": "stopped", "linked": false, "code": 401, "reason": "***" }),
            ),
            (
                "replay",
                json!({ "reason": "bug 12 is fixed, +972541234567 works again", "count": 2,
                        "selection": { "filter": { "entity": "dana@e.example", "worker": "crm" } } }),
                json!({ "reason": "bug 12 is fixed, ***567 works again", "count": 2,
                        "selection": { "filter": { "entity": "***", "worker": "crm" } } }),
            ),
            ("patient", json!({ "name": "dana", "age": 7 }), json!("***")),
            ("user", json!({ "diagnosis": "flu" }), json!({ "***": "***" })),
        ] {
            assert_eq!(seen(kind, &state), shown, "{kind}");
        }
    }

    /// What a business's record holds whole.
    #[test]
    fn of_a_business_its_settings_are_seen_and_its_words_hidden() -> anyhow::Result<()> {
        let settings = CallSettings {
            greeting: Some("dana".to_owned()),
            forward_to: vec![E164::parse("+972541234567")?],
            ..CallSettings::default()
        };
        let config = CallConfig {
            business_id: BusinessId(uuid::Uuid::from_u128(7)),
            business_name: "dana".to_owned(),
            numbers: vec![E164::parse("+97231234567")?],
            time_zone: chrono_tz::Asia::Jerusalem,
            people: Vec::new(),
            revision: 4,
            settings,
        };
        let shown = seen("business", &json!(config));
        assert_eq!(shown["business_name"], "***");
        assert_eq!((&shown["numbers"], &shown["revision"]), (&json!(["***567"]), &json!(4)));
        assert_eq!(shown["time_zone"], "Asia/Jerusalem");
        assert_eq!(shown["settings"]["forward_to"], json!(["***567"]));
        assert_eq!(
            (&shown["settings"]["greeting"], &shown["settings"]["mode"]),
            (&json!("***"), &json!("record"))
        );
        Ok(())
    }
}

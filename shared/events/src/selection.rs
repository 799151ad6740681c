//! Which dead letters are meant: the same words in the API, the commands and the command line.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use prosaas_domain::ids::BusinessId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How far the work on a dead letter has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeadLetterState)]
#[schemars(extend("x-visible" = true))]
pub enum State {
    /// It waits for a person.
    New,
    /// A replay is under way.
    Replaying,
    /// It was applied after all.
    Replayed,
    /// Somebody decided that it is not needed.
    Discarded,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::New, Self::Replaying, Self::Replayed, Self::Discarded];

    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Replaying => "replaying",
            Self::Replayed => "replayed",
            Self::Discarded => "discarded",
        }
    }
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a state is new, replaying, replayed or discarded")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

impl TryFrom<String> for State {
    type Error = UnknownState;

    fn try_from(text: String) -> Result<Self, UnknownState> {
        text.parse()
    }
}

/// Most dead letters that are named one by one.
pub const MAX_IDS: usize = 1000;

/// Dead letters by what they have in common. Nothing in it says `default`: with it, serde
/// takes a list for an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterFilter {
    /// The worker that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub worker: Option<String>,
    /// The event's type, whole, or its beginning up to a dot.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub event_type: Option<String>,
    /// The business that the event names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_id: Option<BusinessId>,
    /// An id, a phone number or an e-mail address of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "last_digits"))]
    pub entity: Option<String>,
    /// The error's fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = "id"))]
    pub fingerprint: Option<String>,
    /// The state; every one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Died at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub from: Option<DateTime<Utc>>,
    /// Died before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub to: Option<DateTime<Utc>>,
    /// Filed at this time or earlier: a count puts it in, so that what dies after it
    /// is not in what was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub filed_before: Option<DateTime<Utc>>,
}

/// Dead letters, named or found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These, at most [`MAX_IDS`].
    Ids(#[schemars(extend("x-visible" = true))] Vec<Uuid>),
    /// All that match.
    Filter(DeadLetterFilter),
}

impl Selection {
    /// The state that it asks for; what waits for a person when it names none.
    pub fn state(&self) -> State {
        match self {
            Self::Ids(_) => State::New,
            Self::Filter(filter) => filter.state.unwrap_or(State::New),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_reads_as_the_contract_says() -> anyhow::Result<()> {
        let id = Uuid::from_u128(7);
        let ids: Selection = serde_json::from_value(serde_json::json!({ "ids": [id] }))?;
        assert_eq!(ids, Selection::Ids(vec![id]));
        let text = r#"{"filter":{"worker":"calls","type":"pro.prosaas.call.","state":"new"}}"#;
        let filter: Selection = serde_json::from_str(text)?;
        assert_eq!(serde_json::to_string(&filter)?, text);
        assert_eq!(filter.state(), State::New);
        for bad in [r#"{"filter":{"colour":"blue"}}"#, r#"{"ids":[],"filter":{}}"#, "{}"] {
            assert!(serde_json::from_str::<Selection>(bad).is_err(), "{bad}");
        }
        Ok(())
    }
}

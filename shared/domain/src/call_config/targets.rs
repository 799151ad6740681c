//! Whom a call is put through to: people of the business, or bare numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CallMode, CallSettings};
use crate::{ids::UserId, phone::E164};

/// Somebody to ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Who.
    pub who: Who,
    /// Whether whoever answers has to press 1 first; where a mobile phone may answer, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub ask: Option<bool>,
    /// How long to ring, seconds, 5 to 60; the business's `forward_timeout_s` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 60), extend("x-visible" = true))]
    #[schema(minimum = 5, maximum = 60)]
    pub timeout_s: Option<u16>,
}

/// A person of the business, at the number and in the hours that they chose, or a bare number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// That person.
    Member(UserId),
    /// That number.
    Number(E164),
}

/// In which order targets are rung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum Ringing {
    /// All at once.
    #[default]
    All,
    /// One after the other, as they are listed.
    InOrder,
    /// One after the other; each call begins with the next of the list.
    InTurn,
}

impl Ringing {
    /// Whether this is what the settings mean when they do not say.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl CallSettings {
    /// Whom to ring when forwarding. Settings of before there were targets name numbers alone.
    pub fn targets(&self) -> Vec<Target> {
        if !self.targets.is_empty() {
            return self.targets.clone();
        }
        let asked = |number: &E164| self.screening.iter().find(|screening| screening.number == *number);
        let bare = |number: &E164| Target {
            who: Who::Number(number.clone()),
            ask: asked(number).map(|screening| screening.ask),
            timeout_s: None,
        };
        self.forward_to.iter().map(bare).collect()
    }

    /// Whether open calls are put through to somebody.
    pub fn forwards(&self) -> bool {
        self.mode == CallMode::Forward && !(self.targets.is_empty() && self.forward_to.is_empty())
    }
}

impl Target {
    /// Whether whoever answers at the number has to press 1 before the caller is put through. A mobile phone is asked
    /// unless the business says otherwise: without reception its network's voicemail answers, and the caller would have
    /// talked to nobody.
    pub fn asks(&self, number: &E164) -> bool {
        self.ask.unwrap_or_else(|| number.may_be_mobile())
    }
}

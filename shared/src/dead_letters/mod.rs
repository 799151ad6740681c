//! Dead letters as the database keeps them: what identifies one, how people find it,
//! and what of it they may see.

pub mod filter;
pub mod fingerprint;
pub mod identity;
pub mod list;
pub mod mask;
pub mod read;
pub mod terms;
pub mod text;

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far the work on a dead letter has come.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
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

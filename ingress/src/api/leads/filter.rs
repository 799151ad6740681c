//! Which leads a list shows, and in which order.

use prosaas_domain::{ids::UserId, phone, text};
use prosaas_events::crm::lead::{LeadSource, LeadStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{problem::Problem, query, stored::word_of};

/// Longest search, characters.
const MAX_SEARCH: usize = 100;

/// Longest tag, characters.
const MAX_TAG: usize = 50;

/// The trash instead of what lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deleted {
    /// What was deleted, and nothing else.
    Only,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeadSort {
    /// When it was made.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// Its name; leads without one count as the first.
    Name,
    /// When its latest call began; leads without one count as the earliest.
    LastCall,
    /// When it was deleted: the trash, and only the trash, is sorted by it.
    DeletedAt,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The smallest, the oldest.
    Asc,
    /// The largest, the newest.
    Desc,
}

/// Which leads are meant: those that fit everything that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadFilter {
    /// Parts of a name, a tag, an e-mail address or a phone number in any spelling.
    #[schema(max_length = 100)]
    pub q: Option<String>,
    /// Its status.
    pub status: Option<LeadStatus>,
    /// Where it came from.
    pub source: Option<LeadSource>,
    /// Who looks after it.
    pub owner_id: Option<UserId>,
    /// One of its tags.
    #[schema(max_length = 50)]
    pub tag: Option<String>,
    /// The trash instead of what lives.
    #[schema(inline)]
    pub deleted: Option<Deleted>,
}

/// A filter as SQL takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Wanted {
    /// Folded words.
    pub q: Option<String>,
    /// The same with a blank for each quote, where that is something else.
    pub q_broken: Option<String>,
    pub status: Option<String>,
    pub source: Option<String>,
    pub owner: Option<Uuid>,
    pub tag: Option<String>,
    pub trash: bool,
}

impl LeadFilter {
    pub(super) fn wanted(&self) -> Result<Wanted, Problem> {
        let asked = query::text("q", self.q.as_deref(), MAX_SEARCH)?.unwrap_or_default();
        let mut words = match phone::search_key(&asked) {
            Some(number) => vec![number],
            None => text::search_words(&asked),
        }
        .into_iter();
        Ok(Wanted {
            q: words.next(),
            q_broken: words.next(),
            status: self.status.as_ref().and_then(word_of),
            source: self.source.as_ref().and_then(word_of),
            owner: self.owner_id.map(|id| id.0),
            tag: query::text("tag", self.tag.as_deref(), MAX_TAG)?,
            trash: self.deleted.is_some(),
        })
    }
}

//! Which dead letters are meant: the same words in the API, the commands and the
//! command line, and one way to SQL.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{State, terms};
use crate::ids::BusinessId;

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

impl DeadLetterFilter {
    /// Adds its conditions, each behind an AND, on the table `dead_letters` by the name `d`.
    pub fn push(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(worker) = &self.worker {
            query.push(" AND d.consumer = ").push_bind(worker.clone());
        }
        if let Some(event_type) = &self.event_type {
            if event_type.ends_with('.') {
                query.push(" AND d.event_type LIKE ").push_bind(format!("{}%", escaped(event_type)));
            } else {
                query.push(" AND d.event_type = ").push_bind(event_type.clone());
            }
        }
        if let Some(business) = self.business_id {
            query.push(" AND d.business_id = ").push_bind(business.0);
        }
        if let Some(entity) = &self.entity {
            query.push(" AND d.terms @> ").push_bind(vec![terms::normal(entity)]);
        }
        if let Some(fingerprint) = &self.fingerprint {
            query.push(" AND d.fingerprint = ").push_bind(fingerprint.clone());
        }
        if let Some(state) = self.state {
            query.push(" AND d.state = ").push_bind(state.as_str());
        }
        if let Some(from) = self.from {
            query.push(" AND d.died_at >= ").push_bind(from);
        }
        if let Some(to) = self.to {
            query.push(" AND d.died_at < ").push_bind(to);
        }
        if let Some(filed) = self.filed_before {
            query.push(" AND d.filed_at <= ").push_bind(filed);
        }
    }
}

impl Selection {
    /// Adds its conditions, as [`DeadLetterFilter::push`] does.
    pub fn push(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Ids(ids) => {
                query.push(" AND d.id = ANY (").push_bind(ids.clone()).push(")");
            }
            Self::Filter(filter) => filter.push(query),
        }
    }

    /// The state that it asks for; what waits for a person when it names none.
    pub fn state(&self) -> State {
        match self {
            Self::Ids(_) => State::New,
            Self::Filter(filter) => filter.state.unwrap_or(State::New),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
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

    #[test]
    fn every_value_is_bound_and_a_wildcard_is_none() {
        let filter = DeadLetterFilter {
            worker: Some("'; DROP TABLE x; --".to_owned()),
            event_type: Some("pro.%_.".to_owned()),
            ..DeadLetterFilter::default()
        };
        let mut query = QueryBuilder::new("SELECT");
        filter.push(&mut query);
        assert_eq!(query.into_string(), "SELECT AND d.consumer = $1 AND d.event_type LIKE $2");
        assert_eq!(escaped("pro.%_."), "pro.\\%\\_.");
    }
}

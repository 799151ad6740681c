//! Between words of the database and the enums that they stand for.

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IntoDeserializer, value::StrDeserializer},
};

use crate::http::problem::Problem;

/// The enum's value that a column's word stands for.
///
/// # Errors
/// 500: a CHECK of the table keeps other words out.
pub fn value_of<T: DeserializeOwned>(word: &str) -> Result<T, Problem> {
    let word: StrDeserializer<'_, serde::de::value::Error> = word.into_deserializer();
    T::deserialize(word).map_err(|error| {
        tracing::error!(event = "api.unknown_word", %error);
        Problem::internal()
    })
}

/// The word of an enum's value.
pub fn word_of<T: Serialize>(value: &T) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Some(word),
        _ => None,
    }
}

/// Somebody who did something, as far as the reader may know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Person {
    /// Who.
    pub id: uuid::Uuid,
    /// What they are called; null where they are not known here.
    #[schema(required = true)]
    pub name: Option<String>,
}

impl Person {
    /// Of two columns, of which the name comes from a join.
    pub fn of(id: Option<uuid::Uuid>, name: Option<String>) -> Option<Self> {
        id.map(|id| Self { id, name })
    }
}

#[cfg(test)]
mod tests {
    use prosaas_domain::rights::Role;
    use prosaas_events::crm::lead::LeadStatus;

    use super::*;

    #[test]
    fn words_round_trip() -> Result<(), Problem> {
        assert_eq!(value_of::<LeadStatus>("qualified")?, LeadStatus::Qualified);
        assert_eq!(word_of(&Role::SystemAdmin).as_deref(), Some("system_admin"));
        assert_eq!(value_of::<LeadStatus>("king").map_err(|problem| problem.status), Err(500));
        Ok(())
    }
}

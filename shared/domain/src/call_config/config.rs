//! What an ingress holds of a business.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{CallSettings, Target, WeeklyHours, Who, stored};
use crate::{
    ids::{BusinessId, UserId},
    phone::E164,
};

/// Everything the ingress needs to answer for one business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallConfig {
    /// The business.
    pub business_id: BusinessId,
    /// Its name, as spoken in the default greeting.
    pub business_name: String,
    /// The numbers that it owns.
    pub numbers: Vec<E164>,
    /// Where its hours are counted.
    pub time_zone: Tz,
    /// The people of the business who take calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Person>,
    /// Grows with every change; of two configurations the higher one holds.
    pub revision: i64,
    /// What it chose.
    #[serde(deserialize_with = "stored::field")]
    pub settings: CallSettings,
}

/// A person of the business who takes calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub user_id: UserId,
    /// Where they are reached.
    pub number: E164,
    /// When; always, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeeklyHours>,
    /// They take no calls before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
}

impl CallConfig {
    /// The person of that id, where they take calls at all.
    pub fn person(&self, user: UserId) -> Option<&Person> {
        self.people.iter().find(|person| person.user_id == user)
    }

    /// The number at which a target is reached; none of a person who has none.
    pub fn number_of<'a>(&'a self, target: &'a Target) -> Option<&'a E164> {
        match &target.who {
            Who::Number(number) => Some(number),
            Who::Member(user) => self.person(*user).map(|person| &person.number),
        }
    }
}

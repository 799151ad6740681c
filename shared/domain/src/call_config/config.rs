//! What an ingress holds of a business.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{CallSettings, Person, stored};
use crate::{ids::BusinessId, phone::E164};

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

//! Commands about a business.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EventData;
use crate::{call_config::CallSettings, ids::BusinessId};

/// `pro.prosaas.crm.business_configure.v1`: how a business answers its calls,
/// whole: what is not named goes back to its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BusinessConfigureV1 {
    /// The business.
    pub business_id: BusinessId,
    /// Its name, where that changes too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its time zone (IANA name), where that changes too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<chrono_tz::Tz>,
    /// The revision that the writer saw; another one there now fails the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<i64>,
    /// The settings.
    pub settings: CallSettings,
}

impl EventData for BusinessConfigureV1 {
    const TYPE: &'static str = "pro.prosaas.crm.business_configure.v1";
}

//! Commands about businesses.

use prosaas_domain::{call_config::CallSettings, ids::BusinessId, phone::E164};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command;

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
    #[schemars(with = "Option<String>", extend("x-visible" = "id"))]
    pub time_zone: Option<chrono_tz::Tz>,
    /// The revision that the writer saw; another one there now fails the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub expected_revision: Option<i64>,
    /// The settings.
    pub settings: CallSettings,
}
command!(BusinessConfigureV1, "pro.prosaas.crm.business_configure.v1", "business.configure", business_id);

/// `pro.prosaas.crm.business_create.v1`: a system admin takes a business in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BusinessCreateV1 {
    /// Its id, chosen by the ingress.
    pub business_id: BusinessId,
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// Its time zone (IANA name).
    #[schemars(with = "String", extend("x-visible" = "id"))]
    pub time_zone: chrono_tz::Tz,
    /// The numbers that it owns.
    pub numbers: Vec<E164>,
}
command!(BusinessCreateV1, "pro.prosaas.crm.business_create.v1", "business.create", business_id);

/// `pro.prosaas.crm.business_set_numbers.v1`: the numbers that a business owns, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BusinessSetNumbersV1 {
    /// The business.
    pub business_id: BusinessId,
    /// All its numbers.
    pub numbers: Vec<E164>,
}
command!(
    BusinessSetNumbersV1,
    "pro.prosaas.crm.business_set_numbers.v1",
    "business.set_numbers",
    business_id
);

/// `pro.prosaas.crm.business_set_active.v1`: a business is put to rest, or taken up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BusinessSetActiveV1 {
    /// The business.
    pub business_id: BusinessId,
    /// False: its people cannot log in and its numbers get the default answer.
    #[schemars(extend("x-visible" = true))]
    pub active: bool,
}
command!(BusinessSetActiveV1, "pro.prosaas.crm.business_set_active.v1", "business.set_active", business_id);

//! Commands about people. No password, hash or token is ever in one.

use chrono::{DateTime, Utc};
use prosaas_domain::{
    call_config::WeeklyHours,
    ids::{BusinessId, UserId},
    phone::E164,
    rights::Role,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command;

/// `pro.prosaas.crm.user_create.v1`: somebody took an invitation, or an operator
/// made them. Their credential is the ingress's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserCreateV1 {
    /// Their id, chosen by the ingress.
    pub user_id: UserId,
    /// Their address, unique among people who are not deleted.
    pub email: String,
    /// What they are called, 1 to 200 characters.
    pub name: String,
    /// Their role; a system admin belongs to no business.
    pub role: Role,
}
command!(UserCreateV1, "pro.prosaas.crm.user_create.v1", "user.create", user_id);

/// `pro.prosaas.crm.user_delete.v1`: a person is removed; open sessions end with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserDeleteV1 {
    /// Who.
    pub user_id: UserId,
}
command!(UserDeleteV1, "pro.prosaas.crm.user_delete.v1", "user.delete", user_id);

/// `pro.prosaas.crm.user_restore.v1`: a removed person comes back, with no session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRestoreV1 {
    /// Who.
    pub user_id: UserId,
}
command!(UserRestoreV1, "pro.prosaas.crm.user_restore.v1", "user.restore", user_id);

/// `pro.prosaas.crm.user_update.v1`: a person's name or role changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserUpdateV1 {
    /// Who.
    pub user_id: UserId,
    /// What they are called from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their role from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}
command!(UserUpdateV1, "pro.prosaas.crm.user_update.v1", "user.update", user_id);

/// `pro.prosaas.crm.user_set_availability.v1`: where and when a person takes calls, whole: what is absent is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserSetAvailabilityV1 {
    /// Where they work.
    pub business_id: BusinessId,
    /// Who.
    pub user_id: UserId,
    /// Where they are reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<E164>,
    /// When; always, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeeklyHours>,
    /// They take no calls before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub not_before: Option<DateTime<Utc>>,
}
command!(UserSetAvailabilityV1, "pro.prosaas.crm.user_set_availability.v1", "user.set_availability", user_id);

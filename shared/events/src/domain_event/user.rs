//! What has become of people.

use prosaas_domain::{ids::UserId, rights::Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain_event;

/// `pro.prosaas.user.deleted.v1`: a person was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserDeletedV1 {
    /// The person.
    pub user_id: UserId,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
    /// What they were.
    pub role: Role,
}
domain_event!(UserDeletedV1, "pro.prosaas.user.deleted.v1", "user.deleted", user_id);

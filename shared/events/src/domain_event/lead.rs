//! What has become of leads.

use prosaas_domain::ids::{CallSid, LeadId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain_event;
use crate::crm::lead::LeadSource;

/// A field of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum LeadField {
    /// The name.
    Name,
    /// The e-mail address.
    Email,
    /// The telephone numbers.
    Phones,
    /// How far it has come.
    Status,
    /// Who looks after it.
    Owner,
    /// The labels.
    Tags,
    /// The notes.
    Notes,
}

/// `pro.prosaas.lead.created.v1`: there is a new lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadCreatedV1 {
    /// The lead.
    pub lead_id: LeadId,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
    /// How it came to be.
    pub source: LeadSource,
    /// The call that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_sid: Option<CallSid>,
}
domain_event!(LeadCreatedV1, "pro.prosaas.lead.created.v1", "lead.created", lead_id);

/// `pro.prosaas.lead.updated.v1`: a lead has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadUpdatedV1 {
    /// The lead.
    pub lead_id: LeadId,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
    /// What has another value now; nothing, where a person saved what stood there.
    pub changed: Vec<LeadField>,
}
domain_event!(LeadUpdatedV1, "pro.prosaas.lead.updated.v1", "lead.updated", lead_id);

/// `pro.prosaas.lead.deleted.v1`: a lead is in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadDeletedV1 {
    /// The lead.
    pub lead_id: LeadId,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
}
domain_event!(LeadDeletedV1, "pro.prosaas.lead.deleted.v1", "lead.deleted", lead_id);

/// `pro.prosaas.lead.restored.v1`: a lead is out of the trash again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadRestoredV1 {
    /// The lead.
    pub lead_id: LeadId,
    /// The row's version.
    #[schemars(extend("x-visible" = true))]
    pub version: i64,
}
domain_event!(LeadRestoredV1, "pro.prosaas.lead.restored.v1", "lead.restored", lead_id);

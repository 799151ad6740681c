//! Commands about leads.

use prosaas_domain::ids::{BatchId, LeadId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::command;

/// Most leads that one bulk command names.
pub const MAX_BULK: usize = 10_000;

/// How far a lead has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum LeadStatus {
    /// Nobody has spoken with them.
    New,
    /// Somebody has.
    Contacted,
    /// They want to buy.
    Qualified,
    /// They bought.
    Won,
    /// They did not.
    Lost,
}

/// Where a lead came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum LeadSource {
    /// A call of an unknown number.
    Call,
    /// A WhatsApp message.
    Whatsapp,
    /// A person entered it.
    Manual,
    /// A file.
    Import,
}

/// `pro.prosaas.crm.lead_create.v1`: a person enters a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadCreateV1 {
    /// Its id, chosen by the ingress.
    pub lead_id: LeadId,
    /// What it holds.
    #[serde(flatten)]
    pub fields: LeadFields,
}
command!(LeadCreateV1, "pro.prosaas.crm.lead_create.v1", "lead.create", lead_id);

/// What a person writes of a lead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadFields {
    /// 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 3 to 320 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Numbers as typed, at most 10; the worker reads them with IL as the default region.
    #[serde(default)]
    pub phones: Vec<String>,
    /// `new` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<LeadStatus>,
    /// `manual` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<LeadSource>,
    /// Who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    /// At most 20 of 1 to 50 characters.
    #[serde(default)]
    pub tags: Vec<String>,
    /// At most 20,000 characters.
    #[serde(default)]
    pub notes: String,
}

/// `pro.prosaas.crm.lead_update.v1`: what is absent stays; `null` empties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadUpdateV1 {
    /// The lead.
    pub lead_id: LeadId,
    /// The version that the writer saw; another one there now fails the command.
    #[schemars(extend("x-visible" = true))]
    pub expected_version: i64,
    /// What changes.
    pub changes: LeadChanges,
}
command!(LeadUpdateV1, "pro.prosaas.crm.lead_update.v1", "lead.update", lead_id);

/// The fields of a lead that change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadChanges {
    /// A new name, or none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[schemars(with = "Option<String>")]
    pub name: Option<Option<String>>,
    /// A new e-mail address, or none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[schemars(with = "Option<String>")]
    pub email: Option<Option<String>>,
    /// All numbers, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phones: Option<Vec<String>>,
    /// A new status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<LeadStatus>,
    /// A new owner, or none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[schemars(with = "Option<UserId>")]
    pub owner_id: Option<Option<UserId>>,
    /// All tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// All notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// Tells a field that is absent from one that is `null`.
mod double_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::option_option, reason = "absent, null and a value are three things")]
    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    #[expect(clippy::option_option, reason = "absent, null and a value are three things")]
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

/// `pro.prosaas.crm.lead_delete.v1`: into the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadDeleteV1 {
    /// The lead.
    pub lead_id: LeadId,
}
command!(LeadDeleteV1, "pro.prosaas.crm.lead_delete.v1", "lead.delete", lead_id);

/// `pro.prosaas.crm.lead_restore.v1`: out of the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadRestoreV1 {
    /// The lead.
    pub lead_id: LeadId,
}
command!(LeadRestoreV1, "pro.prosaas.crm.lead_restore.v1", "lead.restore", lead_id);

/// `pro.prosaas.crm.lead_delete_many.v1`: several into the trash. "All that match"
/// was frozen into ids by the ingress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadDeleteManyV1 {
    /// Names the batch.
    pub batch_id: BatchId,
    /// The leads, at most [`MAX_BULK`].
    pub lead_ids: Vec<LeadId>,
}
command!(LeadDeleteManyV1, "pro.prosaas.crm.lead_delete_many.v1", "lead.delete_many", batch_id);

/// `pro.prosaas.crm.lead_restore_many.v1`: several out of the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadRestoreManyV1 {
    /// Names the batch.
    pub batch_id: BatchId,
    /// The leads, at most [`MAX_BULK`].
    pub lead_ids: Vec<LeadId>,
}
command!(LeadRestoreManyV1, "pro.prosaas.crm.lead_restore_many.v1", "lead.restore_many", batch_id);

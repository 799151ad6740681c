//! Who may do what: the table of the design, as code. The ingress asks it as a
//! courtesy, the workers as the law.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person's role. The order is the rank: each outranks those before it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum Role {
    /// Works with leads and calls.
    Agent,
    /// The same, and links WhatsApp and sees who works there.
    Manager,
    /// Runs a business.
    Owner,
    /// Runs the system; belongs to no business.
    SystemAdmin,
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Manager, Self::Owner, Self::SystemAdmin];

    /// Its name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Manager => "manager",
            Self::Owner => "owner",
            Self::SystemAdmin => "system_admin",
        }
    }

    /// Whether people of this role come before those of the other.
    pub fn outranks(self, other: Self) -> bool {
        self > other
    }
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is agent, manager, owner or system_admin")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// Something that a person may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// See leads, calls and recordings of a business.
    ReadCrm,
    /// Change, delete and restore leads of a business.
    WriteCrm,
    /// See whether WhatsApp is linked.
    ReadWhatsapp,
    /// Link and unlink WhatsApp.
    LinkWhatsapp,
    /// See who works in a business, and how it answers calls.
    ReadPeople,
    /// Invite, change, remove and restore people of lower rank; change settings.
    ManageBusiness,
    /// Search the audit records of a business.
    ReadAudit,
    /// Businesses, people, dead letters, workers and audit of all.
    Administer,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 8] = [
        Self::ReadCrm,
        Self::WriteCrm,
        Self::ReadWhatsapp,
        Self::LinkWhatsapp,
        Self::ReadPeople,
        Self::ManageBusiness,
        Self::ReadAudit,
        Self::Administer,
    ];

    /// The lowest role that has it. Within the own business; a system admin has it in any.
    pub const fn least_role(self) -> Role {
        match self {
            Self::ReadCrm | Self::WriteCrm | Self::ReadWhatsapp => Role::Agent,
            Self::LinkWhatsapp | Self::ReadPeople => Role::Manager,
            Self::ManageBusiness | Self::ReadAudit => Role::Owner,
            Self::Administer => Role::SystemAdmin,
        }
    }

    /// Whether a role has it.
    pub fn of(self, role: Role) -> bool {
        role >= self.least_role()
    }
}

/// Why one person may not remove, restore or change another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RankError {
    /// Nobody removes or changes themselves.
    #[error("nobody can do this to themselves")]
    Oneself,
    /// Only lower ranks, and only of the own business.
    #[error("this person does not rank below you")]
    Rank,
}

/// Whether `actor` may remove, restore or change the role of `subject`, both of
/// the same business unless the actor is a system admin. Counting the last admin
/// or owner is the worker's, under a lock.
pub fn may_manage(actor: Role, subject: Role, same_person: bool) -> Result<(), RankError> {
    if same_person {
        return Err(RankError::Oneself);
    }
    match actor {
        Role::SystemAdmin => Ok(()),
        Role::Owner if actor.outranks(subject) => Ok(()),
        _ => Err(RankError::Rank),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_design() {
        let of = |right: Right| Role::ALL.map(|role| right.of(role));
        assert_eq!(of(Right::WriteCrm), [true, true, true, true]);
        assert_eq!(of(Right::ReadWhatsapp), [true, true, true, true]);
        assert_eq!(of(Right::LinkWhatsapp), [false, true, true, true]);
        assert_eq!(of(Right::ReadPeople), [false, true, true, true]);
        assert_eq!(of(Right::ManageBusiness), [false, false, true, true]);
        assert_eq!(of(Right::ReadAudit), [false, false, true, true]);
        assert_eq!(of(Right::Administer), [false, false, false, true]);
    }

    #[test]
    fn only_owners_and_admins_manage_people_and_owners_only_lower_ranks() {
        for subject in Role::ALL {
            assert_eq!(may_manage(Role::SystemAdmin, subject, false), Ok(()));
            assert_eq!(may_manage(Role::Owner, subject, false).is_ok(), subject < Role::Owner);
            assert_eq!(may_manage(Role::Manager, subject, false), Err(RankError::Rank));
            assert_eq!(may_manage(Role::Agent, subject, false), Err(RankError::Rank));
            assert_eq!(may_manage(Role::SystemAdmin, subject, true), Err(RankError::Oneself));
        }
    }
}

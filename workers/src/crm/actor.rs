//! Who asked for a command, as they are when it is applied.

use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::{Right, Role},
};
use sqlx::PgConnection;

use super::refusal::{Refusal, Stop};
use crate::runtime::Failure;

/// A person who may still act: not removed, of an active business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// What they are called now.
    pub name: String,
    /// Their role now.
    pub role: Role,
    /// Where they work; none for a system admin.
    pub business: Option<BusinessId>,
}

/// Loads whoever asked. Somebody who has been removed meanwhile, or whose business
/// rests, may do nothing.
pub async fn load(connection: &mut PgConnection, id: Option<UserId>) -> Result<Person, Stop> {
    let gone = Refusal::forbidden("Whoever asked for this may not do so any more.");
    let Some(id) = id else { return Err(gone.into()) };
    let row = sqlx::query!(
        "SELECT u.name, u.role, u.business_id
         FROM prosaas.users u LEFT JOIN prosaas.businesses b ON b.id = u.business_id
         WHERE u.id = $1 AND u.deleted_at IS NULL
           AND (u.business_id IS NULL OR (b.active AND b.deleted_at IS NULL))",
        id.0
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Err(gone.into()) };
    let role = row.role.parse().map_err(Failure::fail)?;
    Ok(Person { id, name: row.name, role, business: row.business_id.map(BusinessId) })
}

impl Person {
    /// Whether they may do this in a business, or, without one, in the system itself.
    /// The same rule as the ingress's.
    pub fn require(&self, right: Right, business: Option<BusinessId>) -> Result<(), Refusal> {
        if self.role != Role::SystemAdmin && business.is_some() && business != self.business {
            return Err(Refusal::not_found("business"));
        }
        let least = if business.is_some() { right } else { Right::Administer };
        if right.of(self.role) && least.of(self.role) {
            return Ok(());
        }
        Err(Refusal::forbidden("Your role does not allow this."))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_the_own_business_and_only_what_the_role_allows() {
        let (own, other) = (BusinessId(Uuid::from_u128(1)), BusinessId(Uuid::from_u128(2)));
        let status = |role, business, right, target| {
            let person = Person { id: UserId(Uuid::nil()), name: String::new(), role, business };
            person.require(right, target).map_or_else(|refusal| refusal.status, |()| 200)
        };
        assert_eq!(status(Role::Agent, Some(own), Right::WriteCrm, Some(own)), 200);
        assert_eq!(status(Role::Owner, Some(own), Right::WriteCrm, Some(other)), 404);
        assert_eq!(status(Role::Owner, Some(own), Right::WriteCrm, None), 403);
        assert_eq!(status(Role::Manager, Some(own), Right::ManageBusiness, Some(own)), 403);
        assert_eq!(status(Role::Owner, Some(own), Right::Administer, Some(own)), 403);
        assert_eq!(status(Role::SystemAdmin, None, Right::WriteCrm, Some(other)), 200);
        assert_eq!(status(Role::SystemAdmin, None, Right::ManageBusiness, None), 200);
    }
}

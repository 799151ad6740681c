//! Who is asking: the session behind the request's cookie.

use std::time::Duration;

use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::{Right, Role},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::keys::Hash;
use crate::http::problem::Problem;

/// A session without a request for so long has ended.
pub const IDLE_TIMEOUT: Duration = Duration::from_hours(12);

/// A session ends so long after login, whatever happens.
pub const ABSOLUTE_TIMEOUT: Duration = Duration::from_hours(30 * 24);

/// A person who is logged in.
#[derive(Debug, Clone)]
pub struct Session {
    /// The session itself.
    pub session_id: Uuid,
    /// The person.
    pub user_id: UserId,
    /// Where they work; none for a system admin.
    pub business_id: Option<BusinessId>,
    /// Their role.
    pub role: Role,
    /// What they are called.
    pub name: String,
    /// Their address.
    pub email: String,
    /// The absolute end.
    pub expires_at: DateTime<Utc>,
}

impl Session {
    /// Whether they may do this in a business, or, without one, in the system itself.
    ///
    /// # Errors
    /// 404 for another's business, as for one that does not exist; 403 where the role
    /// is too low.
    pub fn require(&self, right: Right, business: Option<BusinessId>) -> Result<(), Problem> {
        if self.role != Role::SystemAdmin && business.is_some() && business != self.business_id {
            return Err(not_theirs());
        }
        // Without a business only what belongs to system admins can be meant.
        let least = if business.is_some() { right } else { Right::Administer };
        if right.of(self.role) && least.of(self.role) { Ok(()) } else { Err(Problem::forbidden()) }
    }

    /// Whether they run the system.
    pub fn is_admin(&self) -> bool {
        self.role == Role::SystemAdmin
    }
}

/// Another's business: they are told that there is none. The span says who asked.
pub fn not_theirs() -> Problem {
    tracing::warn!(event = "api.refused", reason = "another_business", status = 404);
    Problem::not_found()
}

/// The live session of a token. It lives while it is neither ended nor expired nor
/// idle for too long, its person is not deleted, and their business is active.
pub async fn load(database: &PgPool, token_hash: &Hash) -> Result<Option<Session>, Problem> {
    let row = sqlx::query!(
        r#"SELECT s.id, s.user_id, s.expires_at, u.business_id, u.role, u.name, u.email,
                  s.last_seen_at < now() - interval '1 minute' AS "stale!"
           FROM prosaas.user_sessions s
           JOIN prosaas.users u ON u.id = s.user_id
           LEFT JOIN prosaas.businesses b ON b.id = u.business_id
           WHERE s.token_hash = $1
             AND s.ended_at IS NULL
             AND s.expires_at > now()
             AND s.last_seen_at > now() - make_interval(secs => $2)
             AND u.deleted_at IS NULL
             AND (u.business_id IS NULL OR (b.active AND b.deleted_at IS NULL))"#,
        token_hash.as_slice(),
        IDLE_TIMEOUT.as_secs_f64()
    )
    .fetch_optional(database)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.stale {
        touch(database, row.id).await?;
    }
    Ok(Some(Session {
        session_id: row.id,
        user_id: UserId(row.user_id),
        business_id: row.business_id.map(BusinessId),
        role: row.role.parse().map_err(|_| Problem::internal())?,
        name: row.name,
        email: row.email,
        expires_at: row.expires_at,
    }))
}

/// Whether a session still lives, and its person still has the role that it was loaded
/// with. It does not count as use.
pub async fn still_lives(database: &PgPool, session: &Session) -> Result<bool, Problem> {
    let lives = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.user_sessions s
               JOIN prosaas.users u ON u.id = s.user_id
               LEFT JOIN prosaas.businesses b ON b.id = u.business_id
               WHERE s.id = $1
                 AND s.ended_at IS NULL
                 AND s.expires_at > now()
                 AND s.last_seen_at > now() - make_interval(secs => $2)
                 AND u.deleted_at IS NULL
                 AND u.role = $3
                 AND (u.business_id IS NULL OR (b.active AND b.deleted_at IS NULL))
           ) AS "lives!""#,
        session.session_id,
        IDLE_TIMEOUT.as_secs_f64(),
        session.role.as_str()
    )
    .fetch_one(database)
    .await?;
    Ok(lives)
}

/// The session was used; noted once a minute.
async fn touch(database: &PgPool, session: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.user_sessions SET last_seen_at = now()
         WHERE id = $1 AND last_seen_at < now() - interval '1 minute'",
        session
    )
    .execute(database)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(role: Role, business: Option<BusinessId>) -> Session {
        Session {
            session_id: Uuid::nil(),
            user_id: UserId(Uuid::nil()),
            business_id: business,
            role,
            name: String::new(),
            email: String::new(),
            expires_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn another_business_does_not_exist_and_a_low_role_is_refused() {
        let (own, other) = (BusinessId(Uuid::from_u128(1)), BusinessId(Uuid::from_u128(2)));
        let status = |role, business, right, target| {
            session(role, business).require(right, target).map_or_else(|problem| problem.status, |()| 200)
        };
        assert_eq!(status(Role::Agent, Some(own), Right::WriteCrm, Some(own)), 200);
        assert_eq!(status(Role::Owner, Some(own), Right::WriteCrm, Some(other)), 404);
        assert_eq!(status(Role::Agent, Some(own), Right::Administer, Some(other)), 404);
        assert_eq!(status(Role::Agent, Some(own), Right::ReadPeople, Some(own)), 403);
        assert_eq!(status(Role::SystemAdmin, None, Right::WriteCrm, Some(other)), 200);
        assert_eq!(status(Role::SystemAdmin, None, Right::Administer, None), 200);
        assert_eq!(status(Role::Owner, Some(own), Right::Administer, None), 403);
        assert_eq!(
            status(Role::Owner, Some(own), Right::ReadAudit, None),
            403,
            "all of the system is not the own"
        );
    }
}

//! The person that a request is about.

use http::StatusCode;
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::{RankError, Role, may_manage},
};
use sqlx::PgPool;

use crate::http::{problem::Problem, session::Session};

/// A person as far as rights need them.
#[derive(Debug, Clone)]
pub struct Target {
    /// Their id.
    pub id: UserId,
    /// Where they work.
    pub business: Option<BusinessId>,
    /// Their role.
    pub role: Role,
    /// Whether they were removed.
    pub removed: bool,
}

impl Target {
    /// Finds a person; `within` is the business of the path, where it names one.
    ///
    /// # Errors
    /// 404 for nobody, and for somebody of another business.
    pub async fn find(database: &PgPool, id: UserId, within: Option<BusinessId>) -> Result<Self, Problem> {
        let row = sqlx::query!(
            r#"SELECT business_id, role, deleted_at IS NOT NULL AS "removed!"
               FROM prosaas.users
               WHERE id = $1 AND ($2::uuid IS NULL OR business_id = $2)"#,
            id.0,
            within.map(|business| business.0)
        )
        .fetch_optional(database)
        .await?;
        let row = row.ok_or_else(Problem::not_found)?;
        Ok(Self {
            id,
            business: row.business_id.map(BusinessId),
            role: row.role.parse().map_err(|_| Problem::internal())?,
            removed: row.removed,
        })
    }

    /// Whether the session's person may remove, change or restore them. A courtesy: the
    /// worker asks again, and counts the last admin and owner.
    pub fn manageable_by(&self, session: &Session) -> Result<(), Problem> {
        may_manage(session.role, self.role, self.id == session.user_id).map_err(refused)
    }

    /// Whether the session's person may give somebody this role.
    pub fn assignable_by(session: &Session, role: Role) -> Result<(), Problem> {
        may_manage(session.role, role, false).map_err(refused)
    }

    /// They are still there.
    pub fn must_be_present(&self) -> Result<(), Problem> {
        if self.removed {
            return Err(Problem::conflict("/problems/user-deleted", "This person was removed already."));
        }
        Ok(())
    }

    /// They were removed.
    pub fn must_be_removed(&self) -> Result<(), Problem> {
        if self.removed {
            return Ok(());
        }
        Err(Problem::conflict("/problems/user-not-deleted", "This person was not removed."))
    }
}

fn refused(error: RankError) -> Problem {
    let (kind, sentence) = match error {
        RankError::Oneself => ("/problems/oneself", "Nobody can do this to themselves."),
        RankError::Rank => ("/problems/rank", "This person does not rank below you."),
    };
    Problem::new(StatusCode::FORBIDDEN, kind, "Not allowed", sentence)
}

//! Commands about people. All run under one lock, see [`super::command`]: what they
//! count cannot change beside them.

mod availability;
mod create;
mod delete;
mod restore;
mod update;

use prosaas_domain::{
    ids::{BusinessId, UserId},
    name::Name,
    rights::Role,
};
use prosaas_events::subjects::LiveKind;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    command::{Change, Scene},
    refusal::{Refusal, Stop},
};
use crate::runtime::Failure;

/// A person's row, removed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct User {
    id: UserId,
    business: Option<BusinessId>,
    name: String,
    role: Role,
    removed: bool,
}

impl User {
    /// For the audit, without the address that they log in with.
    fn summary(&self) -> Value {
        json!({ "name": self.name, "role": self.role, "deleted": self.removed })
    }

    fn change(&self, action: &'static str, before: Option<Value>) -> Change {
        Change {
            business: self.business,
            action,
            kind: LiveKind::User,
            id: self.id.to_string(),
            before,
            after: Some(self.summary()),
        }
    }
}

/// The person whom a command is about. Within a business only its own people can be
/// meant; without one, which takes a system admin, anybody.
async fn load(scene: &mut Scene<'_>, id: UserId) -> Result<User, Stop> {
    let row = sqlx::query!(
        r#"SELECT business_id, name, role, deleted_at IS NOT NULL AS "removed!"
           FROM prosaas.users WHERE id = $1 AND ($2::uuid IS NULL OR business_id = $2) FOR UPDATE"#,
        id.0,
        scene.business.map(|business| business.0)
    )
    .fetch_optional(&mut *scene.connection)
    .await?;
    let Some(row) = row else { return Err(Stop::Missing(Refusal::not_found("person"))) };
    Ok(User {
        id,
        business: row.business_id.map(BusinessId),
        name: row.name,
        role: row.role.parse().map_err(Failure::fail)?,
        removed: row.removed,
    })
}

fn removed(user: &User) -> Result<(), Refusal> {
    if user.removed {
        return Err(Refusal::conflict("/problems/user-deleted", "This person has been removed."));
    }
    Ok(())
}

/// A name without the blanks around it.
fn name(text: &str) -> Result<String, Refusal> {
    Name::parse(text).map(String::from).map_err(|why| Refusal::invalid("name", why.code(), &why.to_string()))
}

/// Ends every open session, and every link that would let them in.
async fn lock_out(connection: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.user_sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL",
        user.0
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE prosaas.single_use_tokens SET used_at = now() WHERE user_id = $1 AND used_at IS NULL",
        user.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

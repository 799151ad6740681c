//! `crm.user.update`: a person's name or role changes.

use prosaas_domain::rights::{Right, Role, may_manage};
use prosaas_events::crm::user::UserUpdateV1;
use serde_json::json;

use super::{User, load, name, removed};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::{Refusal, Stop},
};

impl Apply for UserUpdateV1 {
    const RIGHT: Right = Right::ManageBusiness;
    const COUNTS_PEOPLE: bool = true;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let user = load(scene, self.user_id).await?;
        permit(scene, &user, self.role)?;
        removed(&user)?;
        let after = User {
            name: self.name.as_deref().map_or_else(|| Ok(user.name.clone()), name)?,
            role: self.role.unwrap_or(user.role),
            ..user.clone()
        };
        let result = json!({ "user_id": user.id, "role": after.role });
        if after == user {
            return Ok(Applied { changes: Vec::new(), result });
        }
        sqlx::query!(
            "UPDATE prosaas.users SET name = $2, role = $3, version = version + 1, updated_at = now()
             WHERE id = $1",
            user.id.0,
            after.name,
            after.role.as_str()
        )
        .execute(&mut *scene.connection)
        .await?;
        Ok(Applied { changes: vec![after.change("user.update", Some(user.summary()))], result })
    }
}

/// Their own name anybody of this right may change; their own role nobody. Who changes
/// another's outranks what they were and what they become.
fn permit(scene: &Scene<'_>, user: &User, role: Option<Role>) -> Result<(), Stop> {
    let oneself = scene.actor.id == user.id;
    let Some(role) = role else {
        if !oneself {
            may_manage(scene.actor.role, user.role, false)?;
        }
        return Ok(());
    };
    may_manage(scene.actor.role, user.role, oneself)?;
    may_manage(scene.actor.role, role, false)?;
    if (role == Role::SystemAdmin) != (user.role == Role::SystemAdmin) {
        let error = "A system admin belongs to no business, everybody else to one.";
        return Err(Refusal::invalid("role", "business", error).into());
    }
    Ok(())
}

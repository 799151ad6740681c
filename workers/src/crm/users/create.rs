//! `crm.user.create`: an invited person joins, in the name of who invited them.

use prosaas_domain::rights::{Right, Role, may_manage};
use prosaas_events::crm::user::UserCreateV1;
use serde_json::json;

use super::{User, name};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::{Refusal, Stop},
};

impl Apply for UserCreateV1 {
    const RIGHT: Right = Right::ManageBusiness;
    const COUNTS_PEOPLE: bool = true;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        may_manage(scene.actor.role, self.role, scene.actor.id == self.user_id)?;
        if (self.role == Role::SystemAdmin) != scene.business.is_none() {
            return Err(Refusal::invalid(
                "role",
                "business",
                "A system admin belongs to no business, everybody else to one.",
            )
            .into());
        }
        let user = User {
            id: self.user_id,
            business: scene.business,
            name: name(&self.name)?,
            role: self.role,
            removed: false,
        };
        sqlx::query!(
            "INSERT INTO prosaas.users (id, business_id, email, name, role, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            user.id.0,
            user.business.map(|business| business.0),
            self.email.trim(),
            user.name,
            user.role.as_str(),
            scene.meta.time
        )
        .execute(&mut *scene.connection)
        .await?;
        Ok(Applied { changes: vec![user.change("user.create", None)], result: json!({ "user_id": user.id }) })
    }
}

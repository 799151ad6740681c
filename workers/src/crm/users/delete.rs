//! `crm.user.delete`: a person is removed. Their name stays in logs and audit, their
//! address is free again, and their sessions end with this transaction.

use prosaas_domain::{
    ids::BusinessId,
    rights::{Right, Role, may_manage},
};
use prosaas_events::{crm::user::UserDeleteV1, domain_event::user::UserDeletedV1};
use serde_json::json;
use sqlx::PgConnection;

use super::{User, availability, load, lock_out, removed};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::{Refusal, Stop},
};

impl Apply for UserDeleteV1 {
    const RIGHT: Right = Right::ManageBusiness;
    const COUNTS_PEOPLE: bool = true;

    fn configures(&self, business: Option<BusinessId>) -> Option<BusinessId> {
        business
    }

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let user = load(scene, self.user_id).await?;
        may_manage(scene.actor.role, user.role, scene.actor.id == user.id)?;
        removed(&user)?;
        // A business's owners rank below system admins alone, so its last one goes only by them.
        if user.role == Role::SystemAdmin {
            another_admin_stays(scene.connection, &user).await?;
        }
        let version = sqlx::query_scalar!(
            "UPDATE prosaas.users
             SET deleted_at = now(), deleted_by = $2, version = version + 1, updated_at = now()
             WHERE id = $1 RETURNING version",
            user.id.0,
            scene.actor.id.0
        )
        .fetch_one(&mut *scene.connection)
        .await?;
        scene.raise(user.business, UserDeletedV1 { user_id: user.id, version, role: user.role }).await?;
        lock_out(scene.connection, user.id).await?;
        availability::forget(scene.connection, user.id).await?;
        let before = user.summary();
        let gone = User { removed: true, ..user };
        Ok(Applied {
            changes: vec![gone.change("user.delete", Some(before))],
            result: json!({ "user_id": gone.id }),
        })
    }
}

/// The last active system admin stays.
async fn another_admin_stays(connection: &mut PgConnection, user: &User) -> Result<(), Stop> {
    let others = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.users
               WHERE role = 'system_admin' AND deleted_at IS NULL AND id <> $1
           ) AS "others!""#,
        user.id.0
    )
    .fetch_one(connection)
    .await?;
    if others {
        return Ok(());
    }
    Err(Refusal::conflict("/problems/last-admin", "The last system admin cannot be removed.").into())
}

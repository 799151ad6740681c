//! `crm.user.restore`: a removed person comes back, with no session. Their password is
//! still theirs; their address may have gone to somebody else meanwhile.

use prosaas_domain::rights::{Right, may_manage};
use prosaas_events::crm::user::UserRestoreV1;
use serde_json::json;

use super::{User, load};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::{Refusal, Stop},
};

impl Apply for UserRestoreV1 {
    const RIGHT: Right = Right::ManageBusiness;
    const COUNTS_PEOPLE: bool = true;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let user = load(scene, self.user_id).await?;
        may_manage(scene.actor.role, user.role, scene.actor.id == user.id)?;
        if !user.removed {
            return Err(
                Refusal::conflict("/problems/user-not-deleted", "This person has not been removed.").into()
            );
        }
        sqlx::query!(
            "UPDATE prosaas.users
             SET deleted_at = NULL, deleted_by = NULL, version = version + 1, updated_at = now()
             WHERE id = $1",
            user.id.0
        )
        .execute(&mut *scene.connection)
        .await?;
        let before = user.summary();
        let back = User { removed: false, ..user };
        Ok(Applied {
            changes: vec![back.change("user.restore", Some(before))],
            result: json!({ "user_id": back.id }),
        })
    }
}

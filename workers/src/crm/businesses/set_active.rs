//! `crm.business.set_active`: a business rests, or is taken up again.

use prosaas_domain::{ids::BusinessId, rights::Right};
use prosaas_events::crm::business::BusinessSetActiveV1;
use serde_json::json;

use super::{change, hold};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::Stop,
};

impl Apply for BusinessSetActiveV1 {
    const RIGHT: Right = Right::Administer;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    fn configures(&self, _: Option<BusinessId>) -> Option<BusinessId> {
        Some(self.business_id)
    }

    /// A resting business keeps its numbers; its people are logged out with the commit.
    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let held = hold(scene.connection, self.business_id).await?;
        let result = json!({ "active": self.active });
        if held.active == self.active {
            return Ok(Applied { changes: Vec::new(), result });
        }
        sqlx::query!(
            "UPDATE prosaas.businesses
             SET active = $2, call_settings_revision = call_settings_revision + 1, updated_at = now()
             WHERE id = $1",
            self.business_id.0,
            self.active
        )
        .execute(&mut *scene.connection)
        .await?;
        if !self.active {
            sqlx::query!(
                "UPDATE prosaas.user_sessions s SET ended_at = now()
                 FROM prosaas.users u
                 WHERE u.id = s.user_id AND u.business_id = $1 AND s.ended_at IS NULL",
                self.business_id.0
            )
            .execute(&mut *scene.connection)
            .await?;
        }
        let state = |active: bool| json!({ "active": active });
        let change =
            change(&held.config, "business.set_active", Some(state(held.active)), state(self.active));
        Ok(Applied { changes: vec![change], result })
    }
}

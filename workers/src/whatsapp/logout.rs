//! `whatsapp.logout`: somebody wants WhatsApp unlinked.

use prosaas_shared::{
    events::{
        crm::CommandArgs as _,
        whatsapp::{WhatsappLogoutV1, WhatsappState},
    },
    ids::BusinessId,
    rights::Right,
};
use serde_json::json;

use super::session::{self, Effect};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::Stop,
};

impl Apply for WhatsappLogoutV1 {
    const RIGHT: Right = Right::LinkWhatsapp;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    /// Where there is no session everything is as wanted.
    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let business = scene.business()?;
        let Some(found) = session::find(scene.connection, business).await? else {
            return Ok(Applied { changes: Vec::new(), result: json!({ "state": WhatsappState::NotLinked }) });
        };
        session::want(scene.connection, found, Effect::Logout, scene.actor.id, found.state, None).await?;
        Ok(session::applied(business, found, Self::ACTION, Effect::Logout, found.state))
    }
}
